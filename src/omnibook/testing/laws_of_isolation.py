"""Nothing else that shares a key of the scope happens between a snapshot and its writes.

Every key of a :class:`~omnibook.transactions.Scope` is tried in the same way: callers count what
the key loads, and write so that there is one more. If each of them had the key to itself, each
counted to another number; two who counted the same have both decided on a state that was gone
(R40 for schedules, R35 for visits, R36 for contacts and sources, R52 for patients, R38 for the
rest).
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from attrs import evolve, frozen

from omnibook.errors import Contention
from omnibook.ids import (
    AppointmentId,
    ClosureId,
    ContactKey,
    EventId,
    HoldId,
    NoticeId,
    OpeningId,
    OrderId,
    PatientId,
    ScheduleId,
    SourceKey,
    VisitId,
)
from omnibook.ports import ReadScope, Store
from omnibook.records import HoldState
from omnibook.testing.bench import Bench, StoreLaw
from omnibook.testing.interleaving import Rival, Shaker
from omnibook.testing.laws import require, same
from omnibook.testing.samples import (
    CLINIC,
    EVERYTHING,
    NOW,
    OTHER,
    SCHEDULE,
    appointment,
    booking,
    closure,
    event,
    hold,
    hours,
    keep,
    look,
    notice,
    opening,
    order,
    visit,
)
from omnibook.transactions import (
    Decision,
    PutAppointment,
    PutDeskClosure,
    PutDeskOpening,
    PutEvent,
    PutHold,
    PutNotice,
    PutOrder,
    PutVisit,
    Scope,
    Snapshot,
    Write,
)


@frozen(kw_only=True)
class Key:
    """A key of a scope: what it is called, how to count what it loads, how to add one."""

    name: str
    scope: Callable[[int], Scope]
    """For a caller: they share this key, and where they claim time, they claim different times."""
    count: Callable[[Snapshot], int]
    add: Callable[[int, int], Write]
    """For a caller, and the number that it counted to."""


def _own_time(what: str, caller: int, **keys: Any) -> Scope:
    # Whole days, so that every one of a caller's holds lies within.
    room = ScheduleId(f"{what}-{caller}")
    return Scope(clinic_id=CLINIC, schedules={room: hours(0, 24 * 9)}, **keys)


def _own_hold(what: str, caller: int, number: int, **more: Any) -> Write:
    room = ScheduleId(f"{what}-{caller}")
    return PutHold(hold(f"{what}-{caller}-{number}", number, schedule=room, minutes=60, **more))


def _live(snapshot: Snapshot, name: str, value: str) -> int:
    """How many live holds carry it."""
    carried = (getattr(each, name) for each in snapshot.live_holds())
    return sum(each == value or (isinstance(each, frozenset) and value in each) for each in carried)


def _seconds(record: Any, name: str) -> int:
    return 0 if record is None else int((getattr(record, name) - NOW).total_seconds())


def _after(number: int) -> Any:
    return NOW + timedelta(seconds=number)


def _revision(record: Any) -> int:
    return 0 if record is None else int(record.revision)


_CONTACT, _SOURCE, _VISIT = ContactKey("key-9"), SourceKey("source-9"), VisitId("visit-9")
_FILE, _MERGED = PatientId("file-1"), PatientId("file-2")


def _on(**keys: Any) -> Callable[[int], Scope]:
    return lambda _: Scope(clinic_id=CLINIC, **keys)


KEYS = (
    Key(
        name="a schedule",
        scope=_on(schedules={SCHEDULE: hours(0, 24 * 9)}),
        count=lambda seen: len(seen.schedules[SCHEDULE].claims),
        add=lambda caller, number: PutAppointment(appointment(f"a-{caller}-{number}", number)),
    ),
    Key(
        name="a contact",
        scope=lambda caller: _own_time(
            "contact", caller, contacts=frozenset({_CONTACT, ContactKey(f"own-{caller}")})
        ),
        count=lambda seen: _live(seen, "contact_keys", _CONTACT),
        add=lambda caller, number: _own_hold("contact", caller, number, keys=(_CONTACT,)),
    ),
    Key(
        name="a source",
        scope=lambda caller: _own_time("source", caller, source=_SOURCE),
        count=lambda seen: _live(seen, "source", _SOURCE),
        add=lambda caller, number: _own_hold("source", caller, number, source=_SOURCE),
    ),
    Key(
        name="a patient",
        scope=lambda caller: _own_time(
            "patient", caller, patients=frozenset({_FILE, _MERGED} if caller % 2 else {_FILE})
        ),
        count=lambda seen: _live(seen, "patient_id", _FILE),
        add=lambda caller, number: _own_hold("patient", caller, number, patient_id=_FILE),
    ),
    Key(
        name="a visit",
        scope=lambda caller: _own_time("visit", caller, visit=_VISIT),
        count=lambda seen: _live(seen, "visit_id", _VISIT),
        add=lambda caller, number: _own_hold("visit", caller, number, visit_id=_VISIT),
    ),
    Key(
        name="a visit's record",
        scope=_on(visit=VisitId("a-visit")),
        count=lambda seen: _seconds(seen.visit, "active_at"),
        add=lambda _, number: PutVisit(visit("a-visit", active_at=_after(number))),
    ),
    Key(
        name="a hold",
        scope=_on(hold=HoldId("a-hold")),
        count=lambda seen: _seconds(seen.holds.get(HoldId("a-hold")), "created_at"),
        add=lambda _, number: PutHold(
            hold("a-hold", state=HoldState.RELEASED, created_at=_after(number))
        ),
    ),
    Key(
        name="an appointment",
        scope=lambda _: evolve(EVERYTHING, appointment=AppointmentId("an-appointment")),
        count=lambda seen: _revision(seen.appointments.get(AppointmentId("an-appointment"))),
        add=lambda _, number: PutAppointment(
            appointment("an-appointment", schedule=OTHER, revision=number)
        ),
    ),
    Key(
        name="an opening",
        scope=_on(opening=OpeningId("an-opening")),
        count=lambda seen: _seconds(seen.opening, "made_at"),
        add=lambda _, number: PutDeskOpening(opening("an-opening", made_at=_after(number))),
    ),
    Key(
        name="a closure",
        scope=_on(closure=ClosureId("a-closure")),
        count=lambda seen: _seconds(seen.closure, "made_at"),
        add=lambda _, number: PutDeskClosure(closure("a-closure", made_at=_after(number))),
    ),
    Key(
        name="a notice",
        scope=_on(notice=NoticeId("a-notice")),
        count=lambda seen: _revision(seen.notice),
        add=lambda _, number: PutNotice(notice("a-notice", revision=number)),
    ),
    Key(
        name="an event",
        scope=_on(event=EventId("an-event")),
        count=lambda seen: _revision(seen.event),
        add=lambda _, number: PutEvent(event("an-event", revision=number)),
    ),
    Key(
        name="an order",
        scope=_on(order=OrderId("an-order")),
        count=lambda seen: _seconds(seen.order, "not_before"),
        add=lambda _, number: PutOrder(order("an-order", not_before=_after(number))),
    ),
)
"""Every key that a scope can have."""


def _one_more(store: Store, key: Key, caller: int, meanwhile: Callable[[], None]) -> int:
    """Count, and write one more; the number that this caller counted to."""

    def decide(snapshot: Snapshot) -> Decision[int]:
        meanwhile()
        number = key.count(snapshot) + 1
        return Decision(number, (key.add(caller, number),))

    return store.transact(key.scope(caller), decide)


def _distinct(key: Key, numbers: list[int]) -> None:
    seen = sorted(numbers)
    same(f"what callers that share {key.name} counted to", seen, [*range(1, len(seen) + 1)])


def _next_one(store: Store, key: Key, callers: Iterator[int]) -> int:
    return _one_more(store, key, next(callers), lambda: None)


def _rivals(bench: Bench) -> None:
    """From inside the decision, where a store that checks and then acts has checked already."""
    first, second = bench.store, bench.another()
    for key in KEYS:
        callers = iter(range(1, 99))
        rival = Rival(partial(_next_one, second, key, callers))
        numbers = [_one_more(first, key, 0, rival.start)]
        _distinct(key, [*numbers, *rival.finish()])


def _shaken(bench: Bench) -> None:
    """Threads on two handles, shaken."""
    handles = (bench.store, bench.another())
    shaker = Shaker(handles, bench.seed, chance=1 / 12)

    def count_up(key: Key, caller: int) -> list[int]:
        counted: list[int] = []
        for _ in range(bench.effort.times(3)):
            try:
                counted.append(_one_more(handles[caller % 2], key, caller, shaker.hand_over))
            except Contention:
                continue
        return counted

    for key in KEYS:
        works = [partial(count_up, key, caller) for caller in range(3)]
        _distinct(key, [number for numbers in shaker.run(works) for number in numbers])


def _one_winner(bench: Bench) -> None:
    handles = (bench.store, bench.another())
    shaker = Shaker(handles, bench.seed, chance=1 / 12)
    places = bench.effort.times(12)
    threads = 4

    def contend(caller: int) -> list[tuple[str, int]]:
        store = handles[caller % 2]
        return [
            (take(store, place, f"{caller}-{place}", shaker.hand_over_often), place)
            for place in range(places)
        ]

    works = [partial(contend, caller) for caller in range(threads)]
    answers = [answer for each in shaker.run(works) for answer in each]
    one_winner_each(bench.store, answers, places)


def take(store: Store, place: int, name: str, meanwhile: Callable[[], None] = lambda: None) -> str:
    """Hold an hour of the room, unless somebody else does: ``won``, ``lost``, or ``busy``."""
    mine = hold(f"hold-{name}", place, minutes=600, visit_id=VisitId(name))
    scope = Scope(clinic_id=CLINIC, schedules={SCHEDULE: mine.claimed}, hold=mine.hold_id)

    def decide(snapshot: Snapshot) -> Decision[str]:
        if any(claim.is_live(snapshot.now) for claim in snapshot.schedules[SCHEDULE].claims):
            return Decision("lost")
        meanwhile()
        return Decision("won", (PutHold(mine),))

    try:
        return store.transact(scope, decide)
    except Contention:
        return "busy"


def one_winner_each(store: Store, answers: list[tuple[str, int]], places: int) -> None:
    """Every place was won once, and what was won is what is kept (R31, R40)."""
    winners = sorted(place for answer, place in answers if answer == "won")
    same("the places that were won", winners, [*range(places)])
    claims = look(store, schedules={SCHEDULE: hours(0, places)}).schedules[SCHEDULE].claims
    same(
        "the places that are claimed",
        [claim.span for claim in claims],
        [hours(place, place + 1) for place in range(places)],
    )


_OFTEN = 5_000
"""How often is looked at most for what is being written."""


def _whole_bookings(bench: Bench) -> None:
    writer, reader = bench.store, bench.another()
    shaker = Shaker((writer, reader), bench.seed, chance=1 / 6)
    rounds = bench.effort.times(12)
    names = [f"booking-{number}" for number in range(rounds)]

    # What is being written now; nothing when all is.
    now_written: list[str] = names[:1]

    def write() -> int:
        try:
            for number, name in enumerate(names):
                now_written[:] = [name]
                keep(writer, *booking(name, number * 2 + 1))
        finally:
            now_written.clear()
        return 0

    def read() -> int:
        for _ in range(_OFTEN):
            for name in tuple(now_written):
                whole_or_nothing(reader, name)
            if not now_written:
                break
        return 0

    shaker.run((write, read, read))
    for name in names:
        require(whole_or_nothing(reader, name), f"{name} was kept, and is not there")


def whole_or_nothing(store: Store, name: str) -> bool:
    """Whether all that a booking writes is there; what is there in part is :class:`Seen` (R39)."""
    scope = evolve(
        EVERYTHING,
        visit=VisitId(name),
        hold=HoldId(name),
        appointment=AppointmentId(name),
        notice=NoticeId(name),
        event=EventId(name),
        order=OrderId(name),
        opening=OpeningId(name),
        closure=ClosureId(name),
    )
    seen = store.read(ReadScope(scope))[1]
    state = seen.schedules[SCHEDULE]
    there = {
        "visit": seen.visit is not None,
        "hold": HoldId(name) in seen.holds,
        "appointment": AppointmentId(name) in seen.appointments,
        "claim": any(claim.owner == name for claim in state.claims),
        "notice": seen.notice is not None,
        "event": seen.event is not None,
        "order": seen.order is not None,
        "opening": seen.opening is not None,
        "closure": seen.closure is not None,
        "listed opening": any(each.opening_id == name for each in state.openings),
        "listed closure": any(each.closure_id == name for each in state.closures),
    }
    missing = [part for part, is_there in there.items() if not is_there]
    require(
        len(missing) in {0, len(there)},
        f"of {name}, which was written at once, only a part: {', '.join(missing)} missing",
    )
    return not missing


def _torn(bench: Bench) -> None:
    """Two rooms whose appointments always move together."""
    writer, reader = bench.store, bench.another()
    shaker = Shaker((writer, reader), bench.seed, chance=1 / 10)
    names = {SCHEDULE: AppointmentId("here"), OTHER: AppointmentId("there")}
    rounds = bench.effort.times(25)

    def move(start: int) -> int:
        both = (
            PutAppointment(appointment(name, start, schedule=room)) for room, name in names.items()
        )
        keep(writer, *both)
        return start

    def write() -> int:
        return max(move(number % 12 + 1) for number in range(rounds))

    def read() -> int:
        for number in range(rounds):
            if number % 3:
                seen = look(reader, schedules=EVERYTHING.schedules)
            else:
                seen = reader.transact(EVERYTHING, Decision)
            starts = {room: [c.span for c in seen.schedules[room].claims] for room in names}
            same(
                "two claims that are always moved together",
                starts[SCHEDULE],
                starts[OTHER],
            )
        return 0

    move(1)
    shaker.run((write, read, read))


LAWS = (
    StoreLaw(
        "isolation.rivals",
        "nothing else that shares a key of the scope happens between the snapshot and the writes, "
        "though it begins in between (R35, R36, R38, R40, R52)",
        _rivals,
    ),
    StoreLaw(
        "isolation.shaken",
        "nothing else that shares a key of the scope happens between the snapshot and the writes, "
        "at whichever line threads hand over (R35, R36, R38, R40, R52)",
        _shaken,
    ),
    StoreLaw(
        "isolation.one-winner",
        "of all who ask for one time exactly one is told that it won, and has it (R31, R40)",
        _one_winner,
    ),
    StoreLaw(
        "isolation.whole-bookings",
        "nobody ever sees a part of what one decision wrote (R39)",
        _whole_bookings,
    ),
    StoreLaw(
        "isolation.torn",
        "a snapshot is of one instant: what is always written together is seen together",
        _torn,
    ),
)
"""The laws of callers that meet."""

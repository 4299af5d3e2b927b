"""Versions and live holds, which a search begins with (:class:`omnibook.ports.ReadOutlook`)."""

from collections.abc import Iterable
from datetime import timedelta

from attrs import evolve

from omnibook.errors import StoreError
from omnibook.ids import ClosureId, HoldId, OpeningId, PatientId, ScheduleId, VisitId
from omnibook.outlook import HeldTime, Outlook, ScheduleDays
from omnibook.ports import ReadDays, ReadOutlook, Store
from omnibook.records import AppointmentStatus, Busy, HoldState
from omnibook.testing.bench import Bench, StoreLaw
from omnibook.testing.interleaving import Shaker
from omnibook.testing.laws import require, same
from omnibook.testing.laws_of_searching import ROOMS, TODAY, days_told, minute_by_minute
from omnibook.testing.samples import (
    CLINIC,
    ELSEWHERE,
    MICRO,
    OTHER,
    SCHEDULE,
    appointment,
    at,
    cancelled,
    closure,
    flag,
    hold,
    hours,
    in_clinic,
    keep,
    look,
    notice,
    opening,
    order,
    visit,
)
from omnibook.times import Span
from omnibook.transactions import (
    DropDeskClosure,
    DropDeskOpening,
    PutAppointment,
    PutDeskClosure,
    PutDeskOpening,
    PutHold,
    PutNotice,
    PutOrder,
    PutVisit,
    RaiseFlag,
    ReplaceBusy,
    Scope,
    Write,
)


def _outlook(store: Store) -> Outlook:
    return store.read(ReadOutlook(scope=Scope(clinic_id=CLINIC)))[1]


class _Versions:
    """What was told of two schedules so far."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.seen: dict[ScheduleId, list[int]] = {each: [0] for each in ROOMS}
        self.told("at first", ())

    def told(self, when: str, changed: Iterable[ScheduleId]) -> None:
        """Both queries, through both handles: others for those that changed, and never again."""
        handles = self.bench.handles(2)
        days = {each: days_told(handles[0], schedule=each).version for each in ROOMS}
        for handle in handles:
            outlook = _outlook(handle).versions
            same(f"{when}, both queries", {each: outlook.get(each, 0) for each in ROOMS}, days)
        for each in sorted(ROOMS):
            seen = self.seen[each]
            if each in set(changed):
                require(days[each] not in seen, f"{when}: {each} still has {days[each]} of {seen}")
                seen.append(days[each])
            else:
                same(f"{when}, the version of {each}", days[each], seen[-1])

    def after(self, when: str, changed: Iterable[ScheduleId], *writes: Write) -> None:
        """The same, after some writes."""
        keep(self.bench.handles(2)[1], *writes)
        self.told(when, changed)


def _versions(bench: Bench) -> None:
    mine, other, both = (SCHEDULE,), (OTHER,), (SCHEDULE, OTHER)
    versions = _Versions(bench)
    made, held = appointment("made", 4), hold("made", 4)
    there = appointment("made", 4, schedule=OTHER)
    versions.after("after a hold", (), PutVisit(visit()), PutHold(held))
    booked = PutHold(evolve(held, state=HoldState.BOOKED))
    versions.after("after a booking", mine, booked, PutAppointment(made))
    versions.after(
        "after what takes no time",
        (),
        PutVisit(visit(active_at=at(1))),
        PutNotice(notice("n", "made")),
        PutOrder(order("o", "made")),
        RaiseFlag(flag("f", "made")),
        PutHold(hold("other", 6)),
        PutHold(hold("other", 6, state=HoldState.RELEASED)),
        PutAppointment(evolve(made, status=AppointmentStatus.ARRIVED, messages=False)),
    )
    versions.after(
        "after it was attached to a file",
        (),
        PutAppointment(evolve(made, patient_id=PatientId("file-1"), provisional=None)),
    )
    versions.after("after it was moved", mine, PutAppointment(appointment("made", 5)))
    versions.after("after it was moved to another room", both, PutAppointment(there))
    versions.after("after it was cancelled", other, PutAppointment(cancelled(there)))
    versions.after(
        "after it was put again", (), PutAppointment(evolve(cancelled(there), revision=3))
    )
    versions.after("after it was booked again", other, PutAppointment(there))
    busy = Busy(span=hours(1, 2), schedule_id=SCHEDULE, busy_id="busy")
    replaced = ReplaceBusy(schedule_id=SCHEDULE, span=hours(0, 24), busy=(busy,))
    versions.after("after an import", mine, replaced)
    versions.after("after a second one", mine, evolve(replaced, busy=()))
    for put, shut in ((PutDeskOpening, False), (PutDeskClosure, True)):
        for room in both:
            shown = closure("desk", hours(1, 2), schedule_id=room)
            opened = opening("desk", hours(1, 2), schedule_id=room)
            write = PutDeskClosure(shown) if shut else PutDeskOpening(opened)
            # The second time it leaves the first room.
            changed = mine if room == SCHEDULE else both
            versions.after(f"after {put.__name__} in {room}", changed, write)
    versions.after("after an opening was dropped", other, DropDeskOpening(OpeningId("desk")))
    versions.after("after a closure was dropped", other, DropDeskClosure(ClosureId("desk")))
    versions.after("after one that was not there", (), DropDeskOpening(OpeningId("desk")))
    try:
        keep(bench.store, PutAppointment(appointment("clash", 4, schedule=OTHER)))
    except StoreError:
        versions.told("after what was refused", ())
    bench.clock.advance(timedelta(days=1))
    versions.told("a day later", ())
    if bench.durable:
        bench.close()
        versions.told("after it was opened again", ())
    versions.after("at the end", other, PutAppointment(cancelled(there)))


def _holds(bench: Bench) -> None:
    store = bench.store
    ends = at(1)
    names = {"last": 5, "first": 2, "b": 3, "a": 3}
    made = {
        name: hold(
            name,
            start,
            schedule=OTHER if name == "a" else SCHEDULE,
            visit_id=VisitId(f"visit-{name}"),
            expires_at=ends,
        )
        for name, start in names.items()
    }
    made["first"] = evolve(
        made["first"],
        patient_id=PatientId("file-1"),
        claimed=Span(at(2) - timedelta(minutes=5), at(3)),
    )
    made["b"] = evolve(made["b"], expires_at=ends + MICRO)
    ended = [
        hold(state.value, 8 + number, state=state, expires_at=at(9))
        for number, state in enumerate(each for each in HoldState if each is not HoldState.HELD)
    ]
    keep(store, *map(PutHold, (*made.values(), *ended)))

    def told(*names: str) -> None:
        promised = tuple(
            HeldTime(
                hold_id=made[name].hold_id,
                visit_id=made[name].visit_id,
                patient_id=made[name].patient_id,
                slot=made[name].slot,
                claimed=made[name].claimed,
            )
            for name in names
        )
        for handle in (store, bench.handles(2)[1]):
            same("the live holds", _outlook(handle).holds, promised)

    told("first", "a", "b", "last")
    keep(store, PutHold(evolve(made["last"], state=HoldState.RELEASED)))
    told("first", "a", "b")
    bench.clock.set(ends - MICRO)
    told("first", "a", "b")
    bench.clock.set(ends)
    told("b")
    bench.clock.set(ends + MICRO)
    told()
    scope = Scope(clinic_id=CLINIC, schedules={SCHEDULE: hours(2, 3)}, hold=HoldId("first"))
    same(
        "the snapshot",
        store.read(ReadOutlook(scope=scope))[1].snapshot,
        look(store, schedules=scope.schedules, hold=scope.hold),
    )


def _clinics(bench: Bench) -> None:
    store = bench.store
    busy = Busy(span=hours(1, 2), schedule_id=SCHEDULE, busy_id="busy")
    foreign: tuple[Write, ...] = (
        PutHold(hold("held", 3)),
        PutAppointment(appointment("made", 4)),
        PutDeskOpening(opening()),
        PutDeskClosure(closure()),
    )
    keep(
        store,
        *(in_clinic(ELSEWHERE, each) for each in foreign),
        ReplaceBusy(schedule_id=SCHEDULE, span=hours(0, 3), busy=(busy,)),
        clinic_id=ELSEWHERE,
    )
    outlook, days = _outlook(store), days_told(store)
    same("live holds of another clinic", outlook.holds, ())
    same("versions of another clinic", outlook.versions.get(SCHEDULE, 0), 0)
    same("the days of another clinic", days, ScheduleDays(schedule_id=SCHEDULE, version=0))
    # The same names here: neither changes the other's.
    before = store.read(ReadOutlook(scope=Scope(clinic_id=ELSEWHERE)))[1]
    keep(store, PutAppointment(appointment("made", 6)), PutHold(hold("held", 8)))
    keep(store, PutAppointment(cancelled(appointment("made", 6))))
    after = store.read(ReadOutlook(scope=Scope(clinic_id=ELSEWHERE)))[1]
    same("another clinic's versions", after.versions, before.versions)
    same("another clinic's holds", after.holds, before.holds)
    query = ReadDays(clinic_id=ELSEWHERE, schedules=ROOMS, first=TODAY, last=TODAY)
    told = store.read(query)[1][SCHEDULE].booked
    same("another clinic's days", told, minute_by_minute(hours(4, 5)))


def _together(bench: Bench) -> None:
    """Under one version a schedule's days are always the same, whoever writes meanwhile."""
    writer, reader = bench.store, bench.another()
    shaker = Shaker((writer, reader), bench.seed, chance=1 / 10)
    rounds = bench.effort.times(20)

    def move(start: int) -> None:
        both = {SCHEDULE: "here", OTHER: "there"}.items()
        keep(
            writer,
            *(PutAppointment(appointment(name, start, schedule=room)) for room, name in both),
        )

    # By room and version: what was told first. The only writer reads what it has written, so that
    # of every version somebody knows the days.
    known: dict[tuple[ScheduleId, int], ScheduleDays] = {}

    def compare(store: Store) -> None:
        query = ReadDays(clinic_id=CLINIC, schedules=ROOMS, first=TODAY, last=TODAY + 1)
        told = store.read(query)[1]
        same("two that are always moved together", told[SCHEDULE].booked, told[OTHER].booked)
        for room, days in told.items():
            first = known.setdefault((room, days.version), days)
            same(f"the days of {room} under version {days.version}", days, first)

    def write() -> int:
        for number in range(rounds):
            move(number % 9 + 1)
            compare(writer)
        return rounds

    def read() -> int:
        for _ in range(rounds):
            compare(reader)
        return rounds

    move(1)
    shaker.run((write, read, read))


LAWS = (
    StoreLaw(
        "searching.versions",
        "a schedule's version changes with its appointments' claims, busy times, desk openings and "
        "desk closures, at no hold and no other write, and never comes back",
        _versions,
    ),
    StoreLaw(
        "searching.holds",
        "a search is told every hold that is live now, to the microsecond, and no other, by start, "
        "schedule and identifier (R34)",
        _holds,
    ),
    StoreLaw(
        "searching.clinics",
        "a search is told nothing of another clinic, whatever identifiers they share",
        _clinics,
    ),
    StoreLaw(
        "searching.together",
        "what a search is told of days is of one instant, and under one version always the same",
        _together,
    ),
)
"""The laws of what a search begins with."""

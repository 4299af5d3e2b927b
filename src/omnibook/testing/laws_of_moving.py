"""What moves an appointment: the same one, put under another slot (R46, R47)."""

from collections.abc import Sequence
from typing import Any

from attrs import evolve

from omnibook.errors import StoreError
from omnibook.ids import AppointmentId, ContactKey, ScheduleId
from omnibook.ports import AppointmentsByReference, AppointmentsWithin, Store
from omnibook.records import VISITOR, Appointment, AppointmentStatus, Move
from omnibook.testing.bench import Bench, StoreLaw
from omnibook.testing.laws import Seen, same
from omnibook.testing.laws_of_searching import days_told, minute_by_minute
from omnibook.testing.samples import (
    CLINIC,
    EVERYTHING,
    NOW,
    OTHER,
    SCHEDULE,
    appointment,
    at,
    audit,
    event,
    hold,
    hours,
    keep,
    look,
    notice,
)
from omnibook.times import Span
from omnibook.transactions import (
    PutAppointment,
    PutEvent,
    PutHold,
    PutNotice,
    RecordAudit,
    Write,
)

_ROOMS = (SCHEDULE, OTHER)


def moved(was: Appointment, start: float, schedule: ScheduleId, claimed: Span) -> Appointment:
    """The appointment at another time, one revision later."""
    new = appointment(was.appointment_id, start, schedule=schedule).slot
    move = Move(at=NOW, by=VISITOR, old_revision=was.revision, old_slot=was.slot)
    return evolve(
        was, slot=new, claimed=claimed, revision=was.revision + 1, presence=None, last_move=move
    )


def _stands(store: Store, when: str, *made: Appointment) -> None:
    """Claims and booked days of both rooms are those of these appointments, and no others."""
    seen = look(store, schedules=EVERYTHING.schedules).schedules
    for room in _ROOMS:
        here = sorted((e for e in made if e.slot.schedule_id == room), key=lambda e: e.slot.start)
        claims = [(claim.owner, claim.span) for claim in seen[room].claims]
        promised = [(each.appointment_id, each.claimed) for each in here]
        same(f"the claims on {room} {when}", claims, promised)
        days = minute_by_minute(*(each.claimed for each in here))
        same(f"the booked minutes of {room} {when}", days_told(store, schedule=room).booked, days)
        same(f"what a decision is shown of {room} {when}", dict(seen[room].booked), days)


def _claims(bench: Bench) -> None:
    mine, other = appointment("mine", 1), appointment("other", 4)
    keep(bench.store, PutAppointment(mine), PutAppointment(other))
    places: Sequence[tuple[str, float, ScheduleId, Span]] = (
        ("later that day", 6, SCHEDULE, hours(6, 7)),
        ("over its own time", 6.5, SCHEDULE, hours(6.5, 7.5)),
        ("with another buffer", 6.5, SCHEDULE, hours(6.25, 7.75)),
        ("over midnight", 9.5, SCHEDULE, hours(9.5, 10.5)),
        ("a day later", 33, SCHEDULE, hours(33, 34)),
        ("to another schedule", 33, OTHER, hours(33, 34)),
        ("to both at once", 4, OTHER, hours(4, 5)),
        ("back", 1, SCHEDULE, hours(1, 2)),
    )
    # Seen by the decision as a record, or only as a claim.
    for named in (True, False):
        for handle, (how, start, room, claimed) in zip(bench.handles(2) * 4, places, strict=True):
            mine = moved(mine, start, room, claimed)
            keys: dict[str, Any] = {"appointment": mine.appointment_id} if named else {}
            keep(handle, PutAppointment(mine), **keys)
            for reader in bench.handles(2):
                _stands(reader, f"after a move {how}", mine, other)
    # Two change places in one decision.
    first = moved(mine, 4, SCHEDULE, hours(4, 5))
    second = moved(other, 1, SCHEDULE, hours(1, 2))
    keep(bench.store, PutAppointment(first), PutAppointment(second))
    _stands(bench.store, "after two changed places", first, second)
    # What is free may be taken, and what was taken blocks.
    keep(bench.store, PutAppointment(moved(second, 8, SCHEDULE, hours(8, 9))))
    keep(bench.store, PutHold(hold("next", 1)))
    try:
        keep(bench.store, PutHold(hold("clash", 8.5)))
    except StoreError:
        return
    raise Seen("the time to which an appointment was moved was given to a hold")


def _refused(bench: Bench) -> None:
    store = bench.store
    mine, other = appointment("mine", 1), appointment("other", 4)
    there = appointment("there", 4, schedule=OTHER)
    keep(store, PutAppointment(mine), PutAppointment(other), PutAppointment(there))
    beyond = moved(mine, 24 * 500, SCHEDULE, hours(24 * 500, 24 * 500 + 1))
    scopes: dict[str, dict[str, Any]] = {
        "as a record": {"appointment": mine.appointment_id},
        "as a claim": {},
    }
    for how, keys in scopes.items():
        for what, bad in (
            ("taken", moved(mine, 4.5, SCHEDULE, hours(4.5, 5.5))),
            ("taken by a buffer", moved(mine, 3, SCHEDULE, hours(3, 4.25))),
            ("taken on another schedule", moved(mine, 4, OTHER, hours(4, 5))),
            ("outside the scope", beyond),
        ):
            writes: tuple[Write, ...] = (
                RecordAudit(audit("moved")),
                PutNotice(notice("moved", "mine")),
                PutAppointment(bad),
                PutEvent(event("moved", "mine")),
            )
            try:
                keep(store, *writes, **keys)
            except StoreError:
                for handle in (store, bench.another()):
                    when = f"after a move to a time that is {what}, seen {how}"
                    _stands(handle, when, mine, other, there)
                    seen = look(handle, appointment="mine", notice="moved", event="moved")
                    same(f"the appointment {when}", seen.appointments[mine.appointment_id], mine)
                    same(f"its notice and event {when}", (seen.notice, seen.event), (None, None))
            else:
                raise Seen(f"an appointment was moved to a time that is {what}")


def _found(bench: Bench) -> None:
    store = bench.store
    key = ContactKey("key-1")
    mine = appointment("mine", 1, keys=(key,))
    keep(store, PutAppointment(mine))

    def found(when: str, *, days: dict[str, tuple[Span, bool]], upcoming: bool) -> None:
        for reader in bench.handles(2):
            for day, (span, there) in days.items():
                query = AppointmentsWithin(clinic_id=CLINIC, span=span)
                promised = (mine,) if there else ()
                same(f"the list of {day} {when}", reader.read(query)[1], promised)
            named = AppointmentsByReference(clinic_id=CLINIC, reference=mine.reference)
            same(f"what its reference finds {when}", reader.read(named)[1], (mine,))
            by_key = look(reader, contacts=frozenset({key})).appointments
            same(f"what its contact finds {when}", list(by_key), ["mine"] if upcoming else [])

    first, third = hours(-4, 10), hours(34, 58)
    found("at first", days={"the first day": (first, True)}, upcoming=True)
    mine = moved(mine, 40, OTHER, hours(40, 41))
    keep(store, PutAppointment(mine), appointment=AppointmentId("mine"))
    both = {"the first day": (first, False), "the third day": (third, True)}
    found("after a move", days=both, upcoming=True)
    bench.clock.set(at(2))
    found("after its former start", days=both, upcoming=True)
    bench.clock.set(at(40))
    found("at its start", days=both, upcoming=False)
    mine = moved(mine, 50, SCHEDULE, hours(50, 51))
    keep(store, PutAppointment(mine), appointment=AppointmentId("mine"))
    found("after it was moved to a time to come", days=both, upcoming=True)
    mine = evolve(mine, status=AppointmentStatus.NOSHOW)
    keep(store, PutAppointment(mine))
    found("when nobody came", days=both, upcoming=False)
    seen = look(store, clinic_id=CLINIC, appointment="mine").appointments
    same("the appointment", seen[mine.appointment_id], mine)
    nowhere = store.read(AppointmentsWithin(clinic_id=CLINIC, span=hours(11, 34)))[1]
    same("the list of a day between", nowhere, ())


LAWS = (
    StoreLaw(
        "moving.claims",
        "an appointment that is put under another slot frees the one and takes the other, in one: "
        "over its own time, on another day, on another schedule; the booked days of both follow "
        "(R40, R46, R47)",
        _claims,
    ),
    StoreLaw(
        "moving.refused",
        "what is moved to a time that is taken, or outside the scope, is refused with StoreError "
        "and stands where it stood, claim, days and record (R39, R40)",
        _refused,
    ),
    StoreLaw(
        "moving.found",
        "what was moved is found where it is and nowhere else: in its day's list, by its reference "
        "number, and by its contacts while it is to come (R36, R42)",
        _found,
    ),
)
"""The laws of moving."""

"""What a scope loads: the numbered contract of :mod:`omnibook.transactions`, clause by clause.

Each law shows its clause on a few records that lie on its boundaries; :mod:`.machine` then compares
whole snapshots for whatever comes.
"""

from datetime import timedelta
from typing import Any

from omnibook.audit import tombstone_id
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
from omnibook.ports import ReadScope
from omnibook.records import AppointmentStatus, Busy, HoldState
from omnibook.testing.bench import Bench, StoreLaw
from omnibook.testing.laws import require, same
from omnibook.testing.samples import (
    CLINIC,
    ELSEWHERE,
    EVERYTHING,
    MICRO,
    NOW,
    OTHER,
    PERSON,
    SCHEDULE,
    appointment,
    at,
    audit,
    booking,
    cancelled,
    closure,
    event,
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
from omnibook.transactions import (
    Decision,
    DropDeskClosure,
    DropDeskOpening,
    PutAppointment,
    PutDeskClosure,
    PutDeskOpening,
    PutEvent,
    PutHold,
    PutNotice,
    PutOrder,
    PutVisit,
    RecordAudit,
    ReplaceBusy,
    Scope,
    Snapshot,
)


def _now_comes_with_every_answer(bench: Bench) -> None:
    bench.clock.advance(MICRO)
    now, snapshot = bench.store.read(ReadScope(EVERYTHING))
    same("the instant of the answer", now, NOW + MICRO)
    same("snapshot.now", snapshot.now, NOW + MICRO)
    bench.clock.advance(timedelta(hours=2))
    same("now in a decision", _decided(bench, EVERYTHING).now, NOW + MICRO + timedelta(hours=2))


def _decided(bench: Bench, scope: Scope) -> Snapshot:
    return bench.store.transact(scope, Decision)


def _claims(bench: Bench) -> None:
    store = bench.store
    for number, start in enumerate((0, 1, 2, 3, 4)):
        keep(store, PutAppointment(appointment(f"a-{number}", start)))
    keep(store, PutAppointment(appointment("long", -100, length=99)))
    keep(store, PutAppointment(appointment("elsewhere", 2, schedule=OTHER)))
    keep(store, PutHold(hold("lapsed", 6)))
    bench.clock.advance(timedelta(hours=1))
    for span, promised in (
        (hours(1.5, 3), ["a-1", "a-2"]),
        (hours(2, 3), ["a-2"]),
        (hours(-50, -49), ["long"]),
        (hours(-1, 0), []),
        (hours(6, 7), ["lapsed"]),
        (hours(5, 6), []),
    ):
        seen = look(store, schedules={SCHEDULE: span})
        owners = [claim.owner for claim in seen.schedules[SCHEDULE].claims]
        same(f"the claims that overlap {span}", owners, promised)
        same("the span of the state", seen.schedules[SCHEDULE].span, span)
        behind = ["lapsed"] if "lapsed" in promised else []
        same(f"the holds behind the claims of {span}", list(seen.holds), behind)
    both = look(store, schedules={SCHEDULE: hours(0, 1), OTHER: hours(2, 3)}).schedules
    shown = {room: [claim.owner for claim in state.claims] for room, state in both.items()}
    same("each schedule in its own span", shown, {SCHEDULE: ["a-0"], OTHER: ["elsewhere"]})


def _openings_and_closures(bench: Bench) -> None:
    store = bench.store
    made, shut = opening(), closure()
    keep(
        store,
        PutDeskOpening(made),
        PutDeskOpening(opening("opening-2", hours(3, 4))),
        PutDeskOpening(opening("opening-3", schedule_id=OTHER)),
        PutDeskClosure(shut),
        PutDeskClosure(closure("closure-2", hours(3, 4))),
        PutDeskClosure(closure("closure-3", schedule_id=OTHER)),
    )
    state = look(store, schedules={SCHEDULE: hours(0, 3)}).schedules[SCHEDULE]
    same("openings", state.openings, (made,))
    same("closures", state.closures, (shut,))
    keep(store, DropDeskOpening(made.opening_id), DropDeskClosure(shut.closure_id))
    state = look(store, schedules={SCHEDULE: hours(0, 3)}).schedules[SCHEDULE]
    same("openings after one was dropped", state.openings, ())
    same("closures after one was dropped", state.closures, ())


def _busy(bench: Bench) -> None:
    """R40: imported, over whatever stands there."""
    store, span = bench.store, hours(0, 3)

    def busy(name: str, start: float, end: float, room: ScheduleId = SCHEDULE) -> Busy:
        return Busy(span=hours(start, end), schedule_id=room, busy_id=name)

    def shown(room: ScheduleId = SCHEDULE) -> list[str]:
        return [each.busy_id for each in look(store, schedules={room: span}).schedules[room].busy]

    keep(store, PutAppointment(appointment("booked", 1)))
    elsewhere = ReplaceBusy(OTHER, span, (busy("b-1", 0, 1, OTHER),))
    mine = (busy("b-2", 1, 2), busy("b-1", 0, 2), busy("late", 2.5, 9))
    keep(store, elsewhere, ReplaceBusy(SCHEDULE, hours(0, 9), (*mine, busy("outside", 3, 4))))
    same("the busy times", shown(), ["b-1", "b-2", "late"])
    keep(store, ReplaceBusy(SCHEDULE, hours(0, 2), (busy("b-3", 1.5, 2),)))
    same("after two hours were replaced", shown(), ["b-3", "late"])
    keep(store, ReplaceBusy(SCHEDULE, hours(0, 1), (busy("late", 0.5, 1),)))
    same("after one was moved", shown(), ["late", "b-3"])
    same("another schedule's", shown(OTHER), ["b-1"])
    state = look(store, schedules={SCHEDULE: span}).schedules[SCHEDULE]
    same("the claims, which nothing evicts", [c.owner for c in state.claims], ["booked"])
    keep(store, ReplaceBusy(SCHEDULE, hours(-99, 99), ()))
    same("after all was replaced by nothing", shown(), [])


def _forgotten(bench: Bench) -> None:
    name = AppointmentId("a-1")
    keep(bench.store, PutAppointment(appointment("a-2", 2)))
    keep(bench.store, RecordAudit(audit(tombstone_id(name))))
    same("forgotten", look(bench.store, appointment=name).forgotten, True)
    same("of another one", look(bench.store, appointment=AppointmentId("a-2")).forgotten, False)
    same("of no one", look(bench.store).forgotten, False)
    same(
        "in another clinic",
        look(bench.store, clinic_id=ELSEWHERE, appointment=name).forgotten,
        False,
    )
    keep(bench.store, PutAppointment(appointment("a-1")))
    same("of one that is there again", look(bench.store, appointment=name).forgotten, False)


def _visit_and_its_holds(bench: Bench) -> None:
    mine = (
        hold("h-1", 1, state=HoldState.SWAPPED),
        hold("h-2", 2, minutes=-5),
        hold("h-3", 3),
    )
    foreign = hold("h-4", 4, visit_id=VisitId("visit-2"))
    keep(bench.store, PutVisit(visit()), *map(PutHold, mine), PutHold(foreign))
    seen = look(bench.store, visit=VisitId("visit-1"))
    same("visit", seen.visit, visit())
    same("holds", dict(seen.holds), {each.hold_id: each for each in mine})


def _hold_and_its_appointment(bench: Bench) -> None:
    booked = hold("same", state=HoldState.BOOKED)
    made = appointment("same")
    keep(bench.store, PutHold(booked), PutAppointment(made))
    seen = look(bench.store, hold=HoldId("same"))
    same("holds", dict(seen.holds), {booked.hold_id: booked})
    same("appointments", dict(seen.appointments), {made.appointment_id: made})


def _live_holds(bench: Bench, asked: dict[str, Any], carried: dict[str, Any]) -> None:
    """R34, R36: of several keys one is enough."""
    keep(
        bench.store,
        PutHold(hold("live", 1, **carried)),
        PutHold(hold("lapsing", 2, minutes=4, **carried)),
        PutHold(hold("released", 3, state=HoldState.RELEASED, **carried)),
        PutHold(hold("another's", 4)),
    )
    bench.clock.advance(timedelta(minutes=4))
    same("the holds loaded", sorted(look(bench.store, **asked).holds), ["live"])


def _upcoming(bench: Bench, asked: dict[str, Any], carried: dict[str, Any]) -> None:
    """R36: provisional, occupying, and after now."""
    mine = appointment("upcoming", 13, **carried)
    arrived = appointment("arrived", 14, status=AppointmentStatus.ARRIVED, **carried)
    keep(
        bench.store,
        PutAppointment(appointment("starting", 11, **carried)),
        PutAppointment(appointment("filed", 12, patient="file-1", **carried)),
        PutAppointment(mine),
        PutAppointment(arrived),
        PutAppointment(cancelled(appointment("cancelled", 15, **carried))),
        PutAppointment(appointment("another's", 16)),
    )
    bench.clock.set(at(11))
    found = look(bench.store, **asked).appointments
    same("the appointments loaded", sorted(found), ["arrived", "upcoming"])


def _contacts(bench: Bench) -> None:
    asked = {"contacts": frozenset({ContactKey("k-1"), ContactKey("k-9")})}
    carried: dict[str, Any] = {"keys": ("k-1", "k-2")}
    _live_holds(bench, asked, carried)
    _upcoming(bench, asked, carried)


def _source(bench: Bench) -> None:
    asked = {"source": SourceKey("s-9")}
    _live_holds(bench, asked, {"source": SourceKey("s-9")})
    _upcoming(bench, asked, {"source": SourceKey("s-9")})


def _patient(bench: Bench) -> None:
    asked = {"patients": frozenset({PatientId("file-1"), PatientId("file-2")})}
    _live_holds(bench, asked, {"patient_id": PatientId("file-2")})
    store = bench.store
    past = appointment("past", -3, patient="file-1", status=AppointmentStatus.FULFILLED)
    gone = cancelled(appointment("gone", 12, patient="file-2"))
    keep(
        store,
        *map(PutAppointment, (past, gone)),
        PutAppointment(appointment("filed-elsewhere", 13, patient="file-3")),
        PutAppointment(appointment("provisional", 14)),
    )
    same("the appointments loaded", sorted(look(store, **asked).appointments), ["gone", "past"])


def _single_records(bench: Bench) -> None:
    store, made = bench.store, appointment()
    keep(
        store,
        PutAppointment(made),
        PutAppointment(appointment("another's", 3)),
        PutNotice(notice()),
        PutEvent(event()),
        PutOrder(order()),
        PutDeskOpening(opening()),
        PutDeskClosure(closure()),
    )
    for name, record in (
        ("notice", notice()),
        ("event", event()),
        ("order", order()),
        ("opening", opening()),
        ("closure", closure()),
    ):
        seen = look(store, **{name: getattr(record, f"{name}_id")})
        same(name, getattr(seen, name), record)
        about = {} if name in {"opening", "closure"} else {made.appointment_id: made}
        same(f"the appointment that comes with the {name}", dict(seen.appointments), about)
    seen = look(store, appointment=made.appointment_id)
    same("appointment", dict(seen.appointments), {made.appointment_id: made})


def _unknown(bench: Bench) -> None:
    keep(bench.store, *booking("known"))
    scope = Scope(
        clinic_id=CLINIC,
        visit=VisitId("?"),
        hold=HoldId("?"),
        appointment=AppointmentId("?"),
        opening=OpeningId("?"),
        closure=ClosureId("?"),
        notice=NoticeId("?"),
        event=EventId("?"),
        order=OrderId("?"),
    )
    seen = bench.store.read(ReadScope(scope))[1]
    same("the snapshot", seen, Snapshot(scope=scope, now=NOW))


def _once(bench: Bench) -> None:
    mine = hold(
        keys=("k-1", "k-2"), source=SourceKey("s-1"), patient_id=PatientId("file-1"), minutes=60
    )
    keep(bench.store, PutVisit(visit()), PutHold(mine))
    seen = look(
        bench.store,
        schedules={SCHEDULE: hours(0, 9)},
        visit=VisitId("visit-1"),
        hold=mine.hold_id,
        contacts=frozenset({ContactKey("k-1"), ContactKey("k-2")}),
        source=SourceKey("s-1"),
        patients=frozenset({PatientId("file-1")}),
    )
    same("holds", dict(seen.holds), {mine.hold_id: mine})
    require(seen.live_hold_of(VisitId("visit-1")) == mine, "the visit's live hold is not found")


def _attached(bench: Bench) -> None:
    """R15: and back, should staff have erred."""
    made = appointment("a-1", 12, keys=("k-1",))
    filed = appointment("a-1", 12, patient="file-1")
    for each in (made, filed, made):
        keep(bench.store, PutAppointment(each))
        mine = {each.appointment_id: each}
        seen = look(bench.store, appointment=each.appointment_id).appointments
        same("the appointment", dict(seen), mine)
        provisional = look(bench.store, contacts=frozenset({ContactKey("k-1")})).appointments
        same("by contact", dict(provisional), mine if each.provisional == PERSON else {})
        by_file = look(bench.store, patients=frozenset({PatientId("file-1")})).appointments
        same("by file", dict(by_file), mine if each.patient_id else {})


def _clinics(bench: Bench) -> None:
    keep(bench.store, *booking("mine", keys=("k-1",)))
    scope = Scope(
        clinic_id=ELSEWHERE,
        schedules=EVERYTHING.schedules,
        visit=VisitId("mine"),
        hold=HoldId("mine"),
        contacts=frozenset({ContactKey("k-1")}),
        source=SourceKey("source-1"),
        appointment=AppointmentId("mine"),
        notice=NoticeId("mine"),
        event=EventId("mine"),
        order=OrderId("mine"),
        opening=OpeningId("mine"),
        closure=ClosureId("mine"),
    )
    seen = bench.store.read(ReadScope(scope))[1]
    state = seen.schedules[SCHEDULE]
    same("another clinic's claims", state.claims, ())
    same("another clinic's openings and closures", (*state.openings, *state.closures), ())
    records = (seen.visit, seen.opening, seen.closure, seen.notice, seen.event, seen.order)
    same("another clinic's records", records, (None,) * 6)
    same("another clinic's holds", dict(seen.holds), {})
    same("another clinic's appointments", dict(seen.appointments), {})
    # The same identifiers and the same time, there too: neither is in the other's way.
    writes = tuple(in_clinic(ELSEWHERE, each) for each in booking("mine"))
    keep(bench.store, *writes, clinic_id=ELSEWHERE)
    for clinic in (CLINIC, ELSEWHERE):
        mine = look(bench.store, clinic_id=clinic, appointment=AppointmentId("mine")).appointments
        same("whose appointment", [each.clinic_id for each in mine.values()], [clinic])


LAWS = (
    StoreLaw(
        "loading.now",
        "every answer and every decision comes with the clock's instant, to the microsecond "
        "(loading contract, clause 1)",
        _now_comes_with_every_answer,
    ),
    StoreLaw(
        "loading.claims",
        "a schedule shows every claim that overlaps the span given, lapsed ones included, and the "
        "record behind each hold's claim; spans that only touch do not overlap (clause 2)",
        _claims,
    ),
    StoreLaw(
        "loading.openings",
        "a schedule shows the desk's openings and closures that overlap the span, until they are "
        "dropped (clause 2; R48)",
        _openings_and_closures,
    ),
    StoreLaw(
        "loading.busy",
        "the busy times of a schedule are replaced span by span, evict nothing, and are shown "
        "where they overlap the span (clause 2; R40)",
        _busy,
    ),
    StoreLaw(
        "loading.visit",
        "a visit comes with all its holds, ended and lapsed ones included (clause 3; R38)",
        _visit_and_its_holds,
    ),
    StoreLaw(
        "loading.hold",
        "a hold comes with the appointment booked from it, which has its identifier (clause 4)",
        _hold_and_its_appointment,
    ),
    StoreLaw(
        "loading.contacts",
        "a contact comes with the live holds that carry it, and with the provisional appointments "
        "that carry it, occupy a time and start after now (clause 5; R36)",
        _contacts,
    ),
    StoreLaw(
        "loading.source",
        "a source comes with its live holds, and with its provisional appointments that occupy a "
        "time and start after now (clause 5; R36)",
        _source,
    ),
    StoreLaw(
        "loading.patient",
        "a patient comes with the live holds and all appointments under any identifier of the file "
        "(clause 6; R9, R52)",
        _patient,
    ),
    StoreLaw(
        "loading.records",
        "a notice, an event and an order come with the appointment that they are about; an "
        "appointment, an opening and a closure come alone (clause 7)",
        _single_records,
    ),
    StoreLaw("loading.unknown", "what is not kept is not there, and no error (clause 7)", _unknown),
    StoreLaw(
        "loading.forgotten",
        "an appointment that is not there is told to be forgotten, if the audit trail says so "
        "(clause 8; R51)",
        _forgotten,
    ),
    StoreLaw("loading.once", "what is loaded for several reasons appears once", _once),
    StoreLaw(
        "loading.attached",
        "an appointment that was attached to a file is provisional no more (R15)",
        _attached,
    ),
    StoreLaw(
        "loading.clinics",
        "clinics do not meet: neither sees the other's rows, whatever identifiers they share",
        _clinics,
    ),
)
"""The clauses of the loading contract, in their order."""

"""What is kept comes back equal, to the last character and microsecond, and stays as it was."""

from collections.abc import MutableMapping
from datetime import date, timedelta
from typing import Any, cast

from attrs import evolve
from hypothesis import given, seed

from omnibook.booking_form import DETAILS_LIMIT, REASON_LIMIT, BookingEntries
from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.health_numbers import HealthNumber
from omnibook.identity import ActingFor, Gender, Identity
from omnibook.ids import (
    ActivityId,
    AppointmentId,
    ContactKey,
    HoldId,
    PatientId,
    ScheduleId,
    ServiceId,
    SourceKey,
    VisitId,
)
from omnibook.ports import AppointmentsWithin, FlagsOf, ReadScope
from omnibook.records import (
    SYSTEM,
    VISITOR,
    Actor,
    Appointment,
    AppointmentStatus,
    AuditEvent,
    Cancellation,
    DeskClosure,
    DeskOpening,
    EventKind,
    FlagCode,
    Hold,
    HoldState,
    Move,
    NoticeKind,
    NoticeState,
    Presence,
    Visit,
)
from omnibook.testing.bench import Bench, StoreLaw
from omnibook.testing.laws import Seen, drawing, require, same
from omnibook.testing.samples import (
    CLINIC,
    ENTRIES,
    EVERYTHING,
    MICRO,
    NOW,
    OTHER,
    PERSON,
    SCHEDULE,
    appointment,
    closure,
    event,
    flag,
    hold,
    hours,
    keep,
    look,
    notice,
    opening,
    order,
    slot,
    visit,
)
from omnibook.testing.strategies import records
from omnibook.testing.strategies.writes import EVERYTHING as ANYTHING
from omnibook.times import Span
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
    RaiseFlag,
    RecordAudit,
)

SCRIPTS = (
    "Zoé Côté-L'Écuyer",
    "Zoe\u0301",
    "Ζωή Παπαδοπούλου",
    "Жанна Щёголева",
    "李小龍",
    "أميرة الزهراء",
    "אברהם",
    "नेहा शर्मा",
    "ประยุทธ์",
    "이순신",
    "İstanbul ı",
    "Straße ſ",
    "👩🏽\u200d⚕️ 𝕆𝕞𝕟𝕚 𠮷",
    "a\u00a0b\u2009c\u200bd\u202ee",
    'it\'s "quoted" \\ % _ ; -- {} $1 :x ?',
    "  blanks at both ends  ",
    "a line\nanother line\n",
)
"""Texts that lose something wherever an encoding, a collation or an escape is not right."""


def _of_visit(bench: Bench, made: Visit) -> None:
    keep(bench.store, PutVisit(made))
    same("the visit", look(bench.store, visit=made.visit_id).visit, made)


def _of_hold(bench: Bench, made: Hold) -> None:
    made = evolve(made, state=HoldState.RELEASED)
    keep(bench.store, PutHold(made))
    same("the hold", look(bench.store, hold=made.hold_id).holds.get(made.hold_id), made)


def _of_appointment(bench: Bench, made: Appointment) -> None:
    keep(bench.store, PutAppointment(made))
    name = made.appointment_id
    same("the appointment", look(bench.store, appointment=name).appointments.get(name), made)
    day = AppointmentsWithin(clinic_id=CLINIC, span=made.slot.span)
    mine = [each for each in bench.store.read(day)[1] if each.appointment_id == name]
    same("the appointment in the day's list", mine, [made])
    if made.status.occupies:
        gone = evolve(made, status=AppointmentStatus.ENTERED_IN_ERROR)
        keep(bench.store, PutAppointment(gone))
        same("the same in error", look(bench.store, appointment=name).appointments.get(name), gone)


def _texts(bench: Bench) -> None:
    for number, text in enumerate(SCRIPTS):
        long = (text * REASON_LIMIT)[:REASON_LIMIT]
        person = Identity(
            first_name=text,
            last_name=long,
            birth_date=date(1896, 2, 29),
            gender=Gender.UNKNOWN,
            contacts=(ContactPoint(system=ContactSystem.EMAIL, value="δοκιμή@example.org"),),
            health_number=HealthNumber("CA-ON", "1234567020", version="AB"),
            acting_for=ActingFor.TUTOR,
        )
        entries = BookingEntries(
            reason=long, details=(text * DETAILS_LIMIT)[:DETAILS_LIMIT], contacts=()
        )
        _of_visit(bench, visit(f"v-{number}", identity=person))
        _of_hold(bench, hold(f"h-{number}", entries=entries))
        made = appointment(f"a-{number}", number + 1, provisional=person, entries=entries)
        why = Cancellation(at=NOW, by=Actor.staff("staff-7"), reason=(text * 500)[:500])
        _of_appointment(bench, made)
        _of_appointment(bench, evolve(made, status=AppointmentStatus.CANCELLED, cancellation=why))


def _empty(bench: Bench) -> None:
    nothing = BookingEntries(reason="", details="", contacts=())
    bare = evolve(PERSON, health_number=None, contacts=PERSON.contacts[:1])
    _of_visit(bench, visit(contact_keys=frozenset(), identity=bare, patient_id=None))
    _of_visit(bench, visit(patient_id=PatientId("file-1")))
    _of_visit(bench, visit(contact_keys=frozenset(map(ContactKey, "abcdefghij"))))
    _of_hold(bench, hold(entries=nothing))
    _of_hold(bench, hold(entries=ENTRIES, keys=("b", "a", "c")))
    _of_hold(bench, hold(entries=nothing, patient_id=PatientId("file-1")))
    _of_appointment(bench, appointment(entries=nothing, terms=None, source=None, messages=False))
    _of_appointment(bench, appointment(patient="file-1", source=SourceKey("s"), keys=("b", "a")))
    why = Cancellation(at=NOW, by=Actor.staff("staff-7"), reason="")
    _of_appointment(
        bench, appointment(status=AppointmentStatus.CANCELLED, cancellation=why, revision=10**6)
    )
    rank = tuple(evolve(point, rank=9 - number) for number, point in enumerate(ENTRIES.contacts))
    flags = (evolve(rank[0], verified=False), evolve(rank[1], current=False))
    _of_hold(bench, hold(entries=evolve(ENTRIES, contacts=(*flags, *rank))))
    for activities in ((), (ActivityId("b"), ActivityId("a"), ActivityId("b"))):
        made = opening(activities=activities, interval=timedelta(minutes=1))
        keep(bench.store, PutDeskOpening(made))
        same("the opening", look(bench.store, opening=made.opening_id).opening, made)
    for offset in (None, timedelta(), timedelta(hours=48)):
        told = notice(offset=offset, outcome="" if offset is None else "reminder.unreachable")
        keep(bench.store, PutNotice(told))
        same("the notice", look(bench.store, notice=told.notice_id).notice, told)


def _since_booked(bench: Bench) -> None:
    """What became of an appointment, and of what was sent about it; each stays when others go."""
    staff = Actor.staff("staff-7")
    presences = [None, *(Presence(at=NOW + MICRO, by=each) for each in (VISITOR, staff, SYSTEM))]
    elsewhere = evolve(slot(5), service_id=ServiceId("éà"))
    moves = [
        None,
        Move(at=NOW, by=VISITOR, old_revision=0, old_slot=slot(30)),
        Move(at=NOW - MICRO, by=staff, old_revision=10**6, old_slot=slot(-3, OTHER, length=0.25)),
        Move(at=NOW, by=SYSTEM, old_revision=0, old_slot=elsewhere),
    ]
    for presence in presences:
        for move in moves:
            _of_appointment(bench, appointment(presence=presence, last_move=move))
    why = Cancellation(at=NOW, by=SYSTEM, reason="")
    gone = appointment(status=AppointmentStatus.CANCELLED, cancellation=why)
    _of_appointment(bench, evolve(gone, presence=presences[1], last_move=moves[1]))
    _of_appointment(bench, appointment())
    for kind in NoticeKind:
        for state in NoticeState:
            told = notice(kind=kind, state=state, attempts=10**6, outcome="x")
            keep(bench.store, PutNotice(told))
            same("the notice", look(bench.store, notice=told.notice_id).notice, told)
    for attempts, done, failed in ((1, False, False), (7, False, True), (10**6, True, False)):
        more: dict[str, Any] = {"attempts": attempts, "done": done, "failed": failed}
        for told_host in (event(kind=kind, **more) for kind in EventKind):
            keep(bench.store, PutEvent(told_host))
            seen = look(bench.store, event=told_host.event_id)
            same("the event", seen.event, told_host)
        ordered = order(**more)
        keep(bench.store, PutOrder(ordered))
        same("the order", look(bench.store, order=ordered.order_id).order, ordered)
    for code in FlagCode:
        raised = flag(f"flag-{code}", f"about-{code}", code=code)
        keep(bench.store, RaiseFlag(raised))
        asked = FlagsOf(clinic_id=CLINIC, appointments=frozenset({raised.appointment_id}))
        same("the flag", bench.store.read(asked)[1], (raised,))


def _microseconds(bench: Bench) -> None:
    for part in (1, 499, 999_999, 123_456, 500_000):
        odd = NOW + timedelta(microseconds=part)
        terms = evolve(visit().terms, accepted_at=odd)
        _of_visit(bench, visit(started_at=odd, active_at=odd + MICRO, terms=terms))
        _of_hold(bench, hold(created_at=odd, expires_at=odd + timedelta(minutes=5)))
        _of_appointment(bench, appointment(booked_at=odd, terms=terms))
        move = Move(at=odd, by=SYSTEM, old_revision=0, old_slot=slot(9))
        presence = Presence(at=odd + MICRO, by=SYSTEM)
        _of_appointment(bench, appointment(presence=presence, last_move=move))
        for name, word, made in (
            ("opening", PutDeskOpening, opening(made_at=odd)),
            ("closure", PutDeskClosure, closure(made_at=odd)),
            ("notice", PutNotice, notice(not_before=odd)),
            ("event", PutEvent, event(at=odd, not_before=odd - MICRO)),
            ("order", PutOrder, order(not_before=odd)),
        ):
            keep(bench.store, cast("Any", word)(made))
            key = getattr(made, f"{name}_id")
            same(f"the {name}", getattr(look(bench.store, **{name: key}), name), made)
    early, late = NOW.replace(year=1970), NOW.replace(year=2400)
    _of_visit(bench, visit(started_at=early, active_at=late))


SPELLINGS = (
    "key", "KEY", "Key", "kéy", "ke\u0301y", "key ", " key", "kеy", "ｋｅｙ", "key\u200b", "ключ",
    "key%", "k_y", "k.y", "KEY'", "ß", "ss", "ı", "i", "I", "İ",
)  # fmt: skip
"""Identifiers of different things, which a careless comparison takes for the same."""


def _exact_keys(bench: Bench) -> None:
    store = bench.store
    rooms = [ScheduleId(f"room-{each}") for each in SPELLINGS]
    day = dict.fromkeys(rooms, hours(0, 9))
    for number, (key, room) in enumerate(zip(SPELLINGS, rooms, strict=True)):
        mine = hold(
            key,
            schedule=room,
            minutes=60,
            visit_id=VisitId(key),
            source=SourceKey(key),
            patient_id=PatientId(key),
            keys=(key,),
        )
        made = appointment(f"a{key}", 3, schedule=room, patient=key, revision=number)
        seen_at = visit(key, active_at=NOW + number * MICRO)
        keep(store, PutVisit(seen_at), PutHold(mine), PutAppointment(made), schedules=day)
    for number, (key, room) in enumerate(zip(SPELLINGS, rooms, strict=True)):
        name = f"what is loaded for {key!a}"
        seen = look(store, visit=VisitId(key), appointment=AppointmentId(f"a{key}"))
        require(seen.visit is not None, f"the visit {key!a} is missing")
        same(name, cast("Visit", seen.visit).active_at, NOW + number * MICRO)
        same(name, list(seen.holds), [key])
        same(name, [each.revision for each in seen.appointments.values()], [number])
        by_file = look(store, patients=frozenset({PatientId(key)}))
        same(f"{name} as a patient", [*by_file.holds, *by_file.appointments], [key, f"a{key}"])
        same(f"{name} as a hold", list(look(store, hold=HoldId(key)).holds), [key])
        same(f"{name} as a source", list(look(store, source=SourceKey(key)).holds), [key])
        contact = look(store, contacts=frozenset({ContactKey(key)}))
        same(f"{name} as a contact", list(contact.holds), [key])
        state = look(store, schedules={room: hours(0, 9)}).schedules[room]
        same(f"{name} as a schedule", [claim.owner for claim in state.claims], [key, f"a{key}"])


def _detached(bench: Bench) -> None:
    store = bench.store
    keep(store, PutVisit(visit()), PutHold(hold(minutes=60)), PutAppointment(appointment("a", 3)))
    scope = evolve(EVERYTHING, visit=VisitId("visit-1"), appointment=AppointmentId("a"))
    query = ReadScope(scope)
    before = store.read(query)[1]
    within = store.transact(scope, Decision)
    spans: dict[ScheduleId, Span] = dict(scope.schedules)
    holds, appointments = dict(before.holds), dict(before.appointments)
    claims = before.schedules[SCHEDULE].claims
    keep(
        store,
        PutVisit(visit(language="en")),
        PutHold(hold(state=HoldState.RELEASED)),
        PutAppointment(appointment("b", 5)),
        PutAppointment(appointment("a", 7, revision=1)),
    )
    look(store, visit=VisitId("visit-1"), schedules=EVERYTHING.schedules)
    for name, kept in (("read", before), ("decided on", within)):
        same(f"the scope of a snapshot {name} before", dict(kept.scope.schedules), spans)
        same(f"the holds of a snapshot {name} before", dict(kept.holds), holds)
        same(f"the appointments of a snapshot {name} before", dict(kept.appointments), appointments)
        same(f"the claims of a snapshot {name} before", kept.schedules[SCHEDULE].claims, claims)
        same(f"the visit of a snapshot {name} before", kept.visit, visit())
    after = store.read(query)[1]
    for changed in (after.holds, after.appointments, after.schedules):
        if isinstance(changed, MutableMapping):
            changed.clear()
    again = store.read(query)[1]
    same("the holds, after a reader changed its own", list(again.holds), ["hold-1"])
    same("the appointments, after a reader changed its own", list(again.appointments), ["a"])
    require(again.schedules[SCHEDULE].claims, "the claims are gone after a reader changed its own")


def _any_record(bench: Bench) -> None:
    @seed(bench.seed)
    @drawing(bench.effort.times(20))
    @given(
        records.visits(rich=True),
        records.holds(rich=True),
        records.appointments(rich=True),
        records.desk_openings(),
        records.desk_closures(),
        records.audit_events(),
    )
    def comes_back(  # noqa: PLR0917 - Hypothesis draws each
        a_visit: Visit,
        a_hold: Hold,
        an_appointment: Appointment,
        made: DeskOpening,
        shut: DeskClosure,
        line: AuditEvent,
    ) -> None:
        store, clinic = bench.store, a_visit.clinic_id
        scope = evolve(ANYTHING, clinic_id=clinic, hold=a_hold.hold_id)
        free = evolve(a_hold, state=HoldState.RELEASED)
        gone = evolve(an_appointment, status=AppointmentStatus.ENTERED_IN_ERROR, cancellation=None)
        words = (PutVisit(a_visit), PutHold(free), PutAppointment(gone))
        more = (PutDeskOpening(made), PutDeskClosure(shut), RecordAudit(line))
        store.transact(scope, lambda _: Decision(None, (*words, *more)))
        seen = look(
            store,
            clinic_id=clinic,
            visit=a_visit.visit_id,
            hold=a_hold.hold_id,
            appointment=gone.appointment_id,
            opening=made.opening_id,
            closure=shut.closure_id,
        )
        same("the visit", seen.visit, a_visit)
        same("the hold", seen.holds.get(a_hold.hold_id), free)
        same("the appointment", seen.appointments.get(gone.appointment_id), gone)
        same("the opening", seen.opening, made)
        same("the closure", seen.closure, shut)

    try:
        comes_back()
    except Seen:
        raise
    except AssertionError as error:
        raise Seen(str(error)) from error


LAWS = (
    StoreLaw(
        "values.texts",
        "texts come back as they were, in every script and up to their limits (R23)",
        _texts,
    ),
    StoreLaw("values.empty", "what is empty, absent or in an order of its own stays so", _empty),
    StoreLaw(
        "values.since-booked",
        "presence, the last move, attempts and every word of notices, events and flags are kept "
        "(R43, R44, R46)",
        _since_booked,
    ),
    StoreLaw("values.microseconds", "instants are kept to the microsecond (R34)", _microseconds),
    StoreLaw(
        "values.keys",
        "identifiers and keys are compared exactly: case, accents, blanks and composition count",
        _exact_keys,
    ),
    StoreLaw(
        "values.detached",
        "what was handed out does not change when the store does, nor the store with it",
        _detached,
    ),
    StoreLaw("values.any", "whatever record is kept comes back equal", _any_record),
)
"""The laws of values."""

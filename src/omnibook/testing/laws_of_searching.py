"""What a search is told of days (:class:`omnibook.ports.ReadDays`; R27)."""

from datetime import datetime, timedelta
from typing import Any

from attrs import evolve

from omnibook.daybits import DAY_MINUTES, day_of
from omnibook.errors import StoreError
from omnibook.ids import AppointmentId, ClosureId, OpeningId, ScheduleId
from omnibook.outlook import ScheduleDays
from omnibook.ports import ReadDays, Store
from omnibook.records import AppointmentStatus, Busy, HoldState
from omnibook.testing.bench import Bench, StoreLaw
from omnibook.testing.laws import Seen, same
from omnibook.testing.samples import (
    CLINIC,
    ELSEWHERE,
    NOW,
    OTHER,
    SCHEDULE,
    appointment,
    at,
    cancelled,
    closure,
    hold,
    hours,
    in_clinic,
    keep,
    look,
    opening,
    visit,
)
from omnibook.times import Span, to_minute
from omnibook.transactions import (
    DropDeskClosure,
    DropDeskOpening,
    PutAppointment,
    PutDeskClosure,
    PutDeskOpening,
    PutHold,
    PutVisit,
    ReplaceBusy,
)

TODAY = day_of(to_minute(NOW))
"""The law's first day; ten hours after it began is midnight."""
ROOMS = frozenset({SCHEDULE, OTHER})


def days_told(
    store: Store, first: int = -2, last: int = 3, schedule: ScheduleId = SCHEDULE
) -> ScheduleDays:
    """What a store tells of one schedule; days are counted from the law's first."""
    query = ReadDays(
        clinic_id=CLINIC, schedules=frozenset({schedule}), first=TODAY + first, last=TODAY + last
    )
    told = store.read(query)[1]
    same("the schedules of the answer", set(told), {schedule})
    return told[schedule]


def minute_by_minute(*spans: Span) -> dict[int, int]:
    """The minutes of these spans, by UTC day."""
    booked: dict[int, int] = {}
    for span in spans:
        for minute in range(to_minute(span.start), to_minute(span.end)):
            day = minute // DAY_MINUTES
            booked[day] = booked.get(day, 0) | 1 << (minute - day * DAY_MINUTES)
    return booked


def _booked(bench: Bench) -> None:
    store = bench.store
    plain = appointment("plain", 1)
    wide = appointment("wide", 4, claimed=Span(at(4) - timedelta(minutes=7), at(5.5)))
    night = appointment("night", 9.5)
    until_midnight = appointment("until-midnight", 9, length=0.5)
    days = appointment("days", 12, length=60)
    there = appointment("there", 1, schedule=OTHER, length=2)
    all_of_it = (plain, wide, night, until_midnight, days)
    keep(store, *map(PutAppointment, (*all_of_it, there)))
    keep(store, PutVisit(visit()), PutHold(hold("held", 2)))
    for handle in (store, bench.another()):
        promised = minute_by_minute(*(each.claimed for each in all_of_it))
        same("the booked minutes", days_told(handle).booked, promised)
        same(
            "of the other room",
            days_told(handle, schedule=OTHER).booked,
            minute_by_minute(there.claimed),
        )
        for first in range(-1, 4):
            for last in range(first, 4):
                part = {d: m for d, m in promised.items() if first <= d - TODAY <= last}
                told = days_told(handle, first, last).booked
                same(f"of the days {first} to {last}", told, part)
        # Of each UTC day that the span touches, and of the whole of it.
        for span in (hours(1, 2), hours(9, 10), hours(9, 10.25), hours(10, 34), hours(33, 34.1)):
            first, last = to_minute(span.start), to_minute(span.end) - 1
            near = range(first // DAY_MINUTES, last // DAY_MINUTES + 1)
            state = look(handle, schedules={SCHEDULE: span}).schedules[SCHEDULE]
            part = {day: minutes for day, minutes in promised.items() if day in near}
            same(f"what a scope of {span} loads", state.booked, part)


def _freed(bench: Bench) -> None:
    store = bench.store
    first, second = appointment("first", 9.25, length=0.25), appointment("second", 9.5)
    long = appointment("long", 11, length=30)
    keep(store, *map(PutAppointment, (first, second, long)))

    def stands(what: str, *spans: Span) -> None:
        same(f"the booked minutes, {what}", days_told(store).booked, minute_by_minute(*spans))

    keep(store, PutAppointment(evolve(second, status=AppointmentStatus.ARRIVED)))
    stands("after an arrival", first.claimed, second.claimed, long.claimed)
    for gone in (
        cancelled(second),
        evolve(second, status=AppointmentStatus.NOSHOW),
        evolve(second, status=AppointmentStatus.ENTERED_IN_ERROR),
    ):
        keep(store, PutAppointment(gone))
        stands(f"once it is {gone.status}", first.claimed, long.claimed)
        keep(store, PutAppointment(second))
    keep(store, PutAppointment(appointment("long", 40, length=30)))
    stands("after a move", first.claimed, second.claimed, hours(40, 70))
    # Two change places, over one another's.
    keep(
        store,
        PutAppointment(appointment("first", 9.5, length=0.75)),
        PutAppointment(appointment("second", 9, length=0.5)),
        PutAppointment(appointment("long", 40, schedule=OTHER, length=30)),
    )
    stands("after a swap", hours(9, 10.25))
    same(
        "in the other room",
        days_told(store, schedule=OTHER).booked,
        minute_by_minute(hours(40, 70)),
    )
    keep(store, *(PutAppointment(cancelled(appointment(name))) for name in ("first", "second")))
    stands("when nothing is booked")
    held = hold("held", 4)
    booked = evolve(held, state=HoldState.BOOKED)
    keep(store, PutVisit(visit()), PutHold(held))
    stands("while a time is held")
    keep(store, PutHold(booked), PutAppointment(appointment("held", 4)))
    stands("when it is booked", hours(4, 5))


def _outside(bench: Bench) -> None:
    store = bench.store
    made = appointment("made", 4)
    keep(store, PutAppointment(made))
    moved = appointment("made", 8)
    named: dict[str, Any] = {"appointment": AppointmentId("made"), "schedules": {}}
    around: dict[str, Any] = {**named, "schedules": {SCHEDULE: hours(7, 10)}}
    a_part: dict[str, Any] = {"schedules": {SCHEDULE: hours(4, 4.5)}}
    for scope, write in ((named, cancelled(made)), (around, moved), (a_part, cancelled(made))):
        before = days_told(store)
        try:
            keep(store, PutAppointment(write), **scope)
        except StoreError:
            same("after a refusal, what is told", days_told(store), before)
        else:
            raise Seen("an appointment's time was freed outside the scope")
    record = look(store, appointment=AppointmentId("made")).appointments[AppointmentId("made")]
    same("the appointment", record, made)


def _windows(bench: Bench) -> None:
    store = bench.store
    midnight = (at(-14), at(10), at(34))

    def around(start: int) -> dict[str, Span]:
        """Spans that touch a day or reach into it; and those that only touch are no part of it."""
        begin, end = midnight[start], midnight[start + 1]
        return {
            "before": Span(begin - timedelta(hours=2), begin),
            "into": Span(begin - timedelta(hours=1), begin + timedelta(minutes=1)),
            "within": Span(begin + timedelta(hours=3), begin + timedelta(hours=4)),
            "all": Span(begin - timedelta(days=40), end + timedelta(days=40)),
            "out": Span(end - timedelta(minutes=1), end + timedelta(hours=1)),
            "after": Span(end, end + timedelta(hours=1)),
        }

    spans = around(0)
    busy = tuple(
        Busy(span=span, schedule_id=SCHEDULE, busy_id=name) for name, span in spans.items()
    )
    whole = Span(at(-2_000), at(2_000))
    there = Busy(span=hours(0, 1), schedule_id=OTHER, busy_id="there")
    keep(
        store,
        ReplaceBusy(schedule_id=SCHEDULE, span=whole, busy=busy),
        ReplaceBusy(schedule_id=OTHER, span=whole, busy=(there,)),
        *(PutDeskOpening(opening(name, span)) for name, span in spans.items()),
        *(PutDeskClosure(closure(name, span)) for name, span in spans.items()),
        PutDeskOpening(opening("twin", spans["within"])),
        PutDeskClosure(closure("twin", spans["within"])),
    )
    for first, last, names in (
        (0, 0, "all into within out"),
        (1, 1, "all out after"),
        (-1, -1, "all before into"),
        (0, 1, "all into within out after"),
        (3, 9, "all"),
        (50, 60, ""),
    ):
        told, promised = days_told(store, first, last), names.split()
        same(f"busy of {first} to {last}", [each.busy_id for each in told.busy], promised)
        opened = [each.opening_id for each in told.openings if each.opening_id != "twin"]
        same(f"openings of {first} to {last}", opened, promised)
        shut = [each.closure_id for each in told.closures if each.closure_id != "twin"]
        same(f"closures of {first} to {last}", shut, promised)
    told = days_told(store, 0, 0)
    twins = tuple(opening(name, spans["within"]) for name in ("twin", "within"))
    same("openings of one span", told.openings[2:4], twins)
    same("a busy time", told.busy[2], busy[2])
    same("a closure", told.closures[3], closure("within", spans["within"]))
    same("in the other room", days_told(store, schedule=OTHER).busy, (there,))
    keep(store, DropDeskOpening(OpeningId("all")), DropDeskClosure(ClosureId("all")))
    told = days_told(store, 3, 9)
    same("what was dropped", (told.openings, told.closures), ((), ()))
    nobody = ReadDays(clinic_id=CLINIC, schedules=frozenset(), first=TODAY, last=TODAY)
    same("the days of no schedule", store.read(nobody)[1], {})


def _opened(bench: Bench) -> None:
    store = bench.store

    def until(what: str, promised: datetime | None) -> None:
        for handle in (store, bench.another()):
            for first, last in ((0, 0), (-5, 60)):
                same(f"until when {what}", days_told(handle, first, last).opened_until, promised)
        same(f"of the other room, {what}", days_told(store, schedule=OTHER).opened_until, at(9))

    near, far = hours(1, 2), Span(at(400), at(400.25) + timedelta(seconds=1))
    keep(store, PutDeskOpening(opening("there", hours(8, 9), schedule_id=OTHER)))
    until("nothing was opened", None)
    keep(
        store,
        PutDeskOpening(opening("far", far)),
        PutDeskClosure(closure("later", hours(500, 501))),
    )
    keep(store, PutDeskOpening(opening("near", near)), PutAppointment(appointment("last", 600)))
    until("the desk opened twice", far.end)
    elsewhere = in_clinic(ELSEWHERE, PutDeskOpening(opening("foreign", hours(800, 801))))
    keep(store, elsewhere, clinic_id=ELSEWHERE)
    until("another clinic opened", far.end)
    keep(store, DropDeskOpening(OpeningId("far")))
    until("the later one was dropped", near.end)
    keep(store, DropDeskOpening(OpeningId("near")))
    until("all were dropped", None)


LAWS = (
    StoreLaw(
        "searching.booked",
        "the booked minutes of each UTC day are those that appointments claim, with buffers and "
        "without holds, for a search and for a decision (clause 2; R27, R40)",
        _booked,
    ),
    StoreLaw(
        "searching.freed",
        "what an appointment frees is booked no more: when it ends, and when it is moved "
        "(clause 2; R40, R46)",
        _freed,
    ),
    StoreLaw(
        "searching.outside",
        "a decision that frees an appointment's time outside the scope is refused with StoreError, "
        "and nothing of it is kept (R40)",
        _outside,
    ),
    StoreLaw(
        "searching.windows",
        "a search is told the busy times, desk openings and desk closures that overlap its days, "
        "in order; what only touches them is no part (R48)",
        _windows,
    ),
    StoreLaw(
        "searching.opened",
        "a search is told until when the desk opened a schedule at the latest, whichever days it "
        "asks for (R48)",
        _opened,
    ),
)
"""The laws of days."""

"""Whatever is sent to a form comes back as codes, all at once, and nothing is lost (R11, R37).

Any value of any type in any field of any form, through the portal as a client would send it, in
memory and on SQLite: never an exception, but for InvalidValue where a method says so.
"""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, TypeVar, get_args

import pytest
from attrs import evolve, fields, fields_dict, frozen
from hypothesis import given
from hypothesis import strategies as st

import omnibook as ob
from omnibook.adapters.sql import SqlStore
from omnibook.ids import ClinicId, ScheduleId
from omnibook.messages import describe_outcome
from omnibook.outcomes import (
    BackOutcome,
    BookOutcome,
    CancelOutcome,
    FindForMoveOutcome,
    FindOutcome,
    IdentifyOutcome,
    MoveOutcome,
    PresenceOutcome,
    ResumeOutcome,
    ReviewOutcome,
    ShowOutcome,
)
from omnibook.ports import Clock
from omnibook.records import HoldState
from omnibook.testing.strategies.forms import BAD, BASE, anything, texts
from support.looking import holds_of
from support.quick_sql import quick_file
from support.worlds import STAFF, World, small_clinic, world

T = TypeVar("T")

GOOD = ob.BookingForm("a sore throat", details="since Monday")
SOONEST = ob.Preference.soonest()
HUGE: tuple[object, ...] = (
    10**400,
    -(10**400),
    float("nan"),
    float("inf"),
    "9" * 10_000,
    "\u0301" * 10_000,
    "<script>alert(1)</script>",
    "'; DROP TABLE holds; --",
    "\x00",
    "a\ud800",
    "\U0001f600" * 50,
)
numbers = count()


def wild() -> st.SearchStrategy[object]:
    return st.one_of(anything(), st.sampled_from(HUGE))


@frozen
class Standing:
    """A visit that holds a time, in one of the worlds."""

    here: World
    token: ob.VisitToken
    slot: ob.Slot
    held: ob.Held


def standing(make_store: Callable[[Clock], Any]) -> Standing:
    clinic = small_clinic(clinic_id=ClinicId(f"clinic-{next(numbers)}"))
    here = world(clinic, make_store=make_store)
    token = here.enter()
    slot = here.slots(token)[0]
    return Standing(here, token, slot, here.hold(token, slot))


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def stand(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Standing]:
    if request.param == "memory":
        yield standing(ob.MemoryStore)
        return
    with quick_file(tmp_path_factory.mktemp("bad")) as engine:
        yield standing(lambda clock: SqlStore(engine, clock=clock))


def told(stand: Standing, outcome: T, union: Any) -> T:
    """The outcome, which is one of its union and can be read in both languages."""
    assert isinstance(outcome, get_args(union)), outcome
    for language in ("fr", "en"):
        assert describe_outcome(outcome, language, stand.here.clinic)
    return outcome


def unharmed(stand: Standing) -> None:
    """The hold is what it was."""
    (mine,) = holds_of(stand.here.store, stand.token.visit_id, stand.here.clinic.clinic_id)
    assert (mine.hold_id, mine.state) == (stand.held.hold_id, HoldState.HELD)
    assert mine.entries.reason == "a sore throat"


# Identify ----------------------------------------------------------------------------------------


@given(
    form=st.fixed_dictionaries({name: wild() for name in fields_dict(ob.IdentityForm)}),
    terms=wild(),
    language=wild(),
    source=texts().filter(bool),
)
def test_any_identity_form_is_answered(
    stand: Standing, form: dict[str, object], terms: object, language: object, source: str
) -> None:
    """R11: with terms, language and source of any kind."""
    portal = stand.here.portal

    outcome = portal.identify(
        ob.IdentityForm(**form), terms=terms, language=language, source=source
    )

    told(stand, outcome, IdentifyOutcome)
    assert isinstance(outcome, ob.InvalidEntry)
    fields_told = [problem.field for problem in outcome.problems]
    assert "terms" in fields_told or terms == "2026-01"
    assert "language" in fields_told or language in ("fr", "en")


@pytest.mark.parametrize("field", sorted(BAD))
def test_each_bad_field_is_one_more_problem(stand: Standing, field: str) -> None:
    """R11: alone, and beside all the others."""
    portal = stand.here.portal

    def problems(form: ob.IdentityForm, terms: object = "2026-01") -> list[str]:
        outcome = portal.identify(form, terms=terms, language="fr", source="here")
        assert isinstance(outcome, ob.InvalidEntry)
        return [problem.field for problem in outcome.problems]

    everything = evolve(BASE, **{name: values[-1] for name, values in BAD.items()})
    # Whoever was born in 1896 is not 130 yet on this clinic's day.
    for value in (each for each in BAD[field] if each != "1896-11-22"):
        alone = evolve(BASE, **{field: value})
        beside = evolve(everything, **{field: value})
        assert problems(alone) == [field]
        assert sorted(problems(beside, terms="old")) == sorted([*BAD, "terms"])


@given(text=wild())
def test_any_text_of_a_token_is_answered(stand: Standing, text: Any) -> None:
    """R16: VisitToken itself says InvalidValue, as documented."""
    assert told(stand, stand.here.portal.resume(text), ResumeOutcome) == ob.VisitOver()
    try:
        token = ob.VisitToken(text)
    except ob.InvalidValue:
        return
    portal = stand.here.portal
    assert told(stand, portal.services(token), ResumeOutcome) == ob.VisitOver()
    assert told(stand, portal.find(token, "open", SOONEST), FindOutcome) == ob.VisitOver()
    assert told(stand, portal.review(token, stand.slot, GOOD), ReviewOutcome) == ob.VisitOver()
    assert told(stand, portal.go_back(token), BackOutcome) == ob.VisitOver()
    assert told(stand, portal.book(token, stand.held.hold_id), BookOutcome) == ob.VisitOver()


# Find --------------------------------------------------------------------------------------------


@given(
    service=wild() | st.just("open"),
    preference=st.fixed_dictionaries({name: wild() for name in fields_dict(ob.Preference)}),
    after=wild(),
)
def test_any_preference_and_cursor_are_answered(
    stand: Standing, service: Any, preference: dict[str, object], after: Any
) -> None:
    """R24, R25: every problem of the preference at once."""
    wish = ob.Preference(**preference)
    find = stand.here.portal.find

    outcome = told(stand, find(stand.token, service, wish, after=after), FindOutcome)
    by_field = {
        each.name: find(stand.token, "open", ob.Preference(**{each.name: preference[each.name]}))
        for each in fields(ob.Preference)
    }

    alone = [name for name, each in by_field.items() if isinstance(each, ob.InvalidEntry)]
    if alone:
        assert isinstance(outcome, ob.InvalidEntry)
        assert {*alone} <= {problem.field for problem in outcome.problems}
    elif service == "open" and after is not None:
        assert isinstance(outcome, ob.InvalidEntry)


@given(cursor=wild())
def test_any_cursor_that_was_not_given_out_is_invalid(stand: Standing, cursor: Any) -> None:
    """R25."""
    outcome = stand.here.portal.find(stand.token, "open", SOONEST, after=cursor)

    if cursor is None:
        assert isinstance(outcome, ob.Page)
    else:
        problem = ob.Problem(ob.ProblemCode.CURSOR_INVALID, "after")
        assert told(stand, outcome, FindOutcome) == ob.InvalidEntry((problem,))


# Review and book ---------------------------------------------------------------------------------


@given(form=st.fixed_dictionaries({name: wild() for name in fields_dict(ob.BookingForm)}))
def test_any_booking_form_is_answered_and_an_unusable_one_changes_nothing(
    stand: Standing, form: dict[str, Any]
) -> None:
    """R11, R23, R37: the hold stays untouched, at Review and at Book."""
    given_form = ob.BookingForm(**form)
    read = given_form.parse((), region="CA")
    if not isinstance(read, ob.InvalidEntry):
        return
    portal = stand.here.portal

    reviewed = portal.review(stand.token, stand.slot, evolve(given_form, reason=None))
    booked = portal.book(stand.token, stand.held.hold_id, form=evolve(given_form, reason=""))

    told(stand, reviewed, ReviewOutcome)
    told(stand, booked, BookOutcome)
    assert isinstance(reviewed, ob.InvalidEntry)
    assert isinstance(booked, ob.InvalidEntry)
    assert reviewed == booked
    assert "reason" in {problem.field for problem in reviewed.problems}
    unharmed(stand)


BAD_BOOKING: dict[str, tuple[object, ...]] = {
    "reason": ("", None, " \n", "x" * 101, "x" * 10_000, "a\x00", "\ud800", 7, float("nan")),
    "details": ("x" * 501, "\u0301" * 10_000, "a\x07", "\udfff", [], 10**400),
    "cell_phone": ("12", "911", "x" * 10_000, "514 555\x00", "٥١٤ ٥٥٥", 5145550123, b"x"),
    "email": ("a@", "x" * 10_000, "a\x00@example.org", "a@еxample", {}, float("inf")),
}


@pytest.mark.parametrize("field", sorted(BAD_BOOKING))
def test_each_bad_field_of_the_booking_form_is_one_more_problem(
    stand: Standing, field: str
) -> None:
    """R11, R23: alone, and beside all the others; refused, never cut."""
    everything = evolve(GOOD, **{name: each[-1] for name, each in BAD_BOOKING.items()})
    for value in BAD_BOOKING[field]:
        for form, expected in (
            (evolve(GOOD, **{field: value}), {field}),
            (evolve(everything, **{field: value}), {*BAD_BOOKING}),
        ):
            outcome = stand.here.portal.review(stand.token, stand.slot, form)
            assert isinstance(outcome, ob.InvalidEntry), value
            assert {problem.field for problem in outcome.problems} == expected
    unharmed(stand)


def test_a_form_without_reason_and_contact_is_told_both(stand: Standing) -> None:
    """R11."""
    form = ob.BookingForm("", cell_phone="", email=" ")

    outcome = stand.here.portal.review(stand.token, stand.slot, form)

    assert isinstance(outcome, ob.InvalidEntry)
    assert [each.code for each in outcome.problems] == ["entry.missing", "contact.required"]


@given(service=wild() | st.just("open"), schedule=wild() | st.just("gagnon"))
def test_any_identifiers_in_a_slot_are_answered(
    stand: Standing, service: Any, schedule: Any
) -> None:
    """R38: a slot that a client made up; what was held stays held."""
    if (service, schedule) == ("open", "gagnon"):
        return
    slot = ob.Slot(service, schedule, stand.slot.start, stand.slot.end)

    outcome = told(stand, stand.here.portal.review(stand.token, slot, GOOD), ReviewOutcome)

    assert isinstance(outcome, ob.SlotTaken | ob.ServiceNotOffered)
    unharmed(stand)


@given(start=wild(), end=wild())
def test_any_bounds_of_a_slot_are_refused_when_it_is_built(start: Any, end: Any) -> None:
    """R30: by InvalidValue, as documented."""
    try:
        slot = ob.Slot(ob.Slot, "gagnon", start, end)  # type: ignore[arg-type]
    except ob.InvalidValue:
        return
    assert slot.start < slot.end


@given(instants=st.tuples(st.datetimes(), st.datetimes()), zone=st.timezones())
def test_any_instants_of_a_slot_are_judged(stand: Standing, instants: Any, zone: Any) -> None:
    """R30, R38: the first and the last of all included."""
    start, end = (each.replace(second=0, microsecond=0, tzinfo=zone) for each in sorted(instants))
    try:
        slot = evolve(stand.slot, start=start, end=end)
    except ob.InvalidValue:
        return

    outcome = told(stand, stand.here.portal.review(stand.token, slot, GOOD), ReviewOutcome)

    assert isinstance(outcome, ob.SlotTaken)
    unharmed(stand)


@given(slot=wild())
def test_anything_instead_of_a_slot_is_a_problem(stand: Standing, slot: Any) -> None:
    """R11."""
    problem = ob.Problem(ob.ProblemCode.SLOT_MALFORMED, "slot")

    outcome = told(stand, stand.here.portal.review(stand.token, slot, GOOD), ReviewOutcome)

    assert outcome == ob.InvalidEntry((problem,))


@given(hold_id=wild())
def test_any_hold_id_is_answered(stand: Standing, hold_id: Any) -> None:
    """R37: unknown is taken, and nothing is said of other times."""
    outcome = told(stand, stand.here.portal.book(stand.token, hold_id, form=GOOD), BookOutcome)

    assert outcome == ob.SlotTaken()
    unharmed(stand)


# Cancel and the desk -----------------------------------------------------------------------------


@given(link=wild() | st.text("abc012.", max_size=30), reason=wild())
def test_any_link_is_answered(stand: Standing, link: Any, reason: object) -> None:
    """R44."""
    portal, dead = stand.here.portal, ob.LinkDead()
    assert told(stand, portal.cancel(link, reason), CancelOutcome) == dead
    assert told(stand, portal.show(link), ShowOutcome) == dead
    assert told(stand, portal.confirm_presence(link), PresenceOutcome) == dead
    assert told(stand, portal.find_for_move(link, SOONEST), FindForMoveOutcome) == dead
    assert told(stand, portal.move(link, stand.slot), MoveOutcome) == dead


@given(slot=wild(), cursor=wild())
def test_anything_instead_of_a_slot_moves_nothing(slot: Any, cursor: Any) -> None:
    """R11, R25, R47."""
    stand = standing(ob.MemoryStore)
    here = stand.here
    page = here.portal.find(stand.token, "file", ob.Preference(first_date="2026-03-04"))
    assert isinstance(page, ob.Page)
    booked = here.book(stand.token, page.slots[0])
    problem = ob.Problem(ob.ProblemCode.SLOT_MALFORMED, "slot")

    outcome = told(stand, here.portal.move(booked.link, slot), MoveOutcome)
    found = here.portal.find_for_move(booked.link, SOONEST, after=cursor)

    assert outcome == ob.InvalidEntry((problem,))
    expected = ob.Page if cursor is None else ob.InvalidEntry
    assert isinstance(told(stand, found, FindForMoveOutcome), expected)
    assert isinstance(here.portal.move(booked.link, page.slots[-1]), ob.Moved)


@given(reason=wild())
def test_any_reason_for_a_cancellation_is_read_or_refused(reason: object) -> None:
    """R47, R11: what is refused cancels nothing."""
    stand = standing(ob.MemoryStore)
    here = stand.here
    page = here.portal.find(stand.token, "file", ob.Preference(first_date="2026-03-04"))
    assert isinstance(page, ob.Page)
    booked = here.book(stand.token, page.slots[0])

    outcome = told(stand, here.portal.cancel(booked.link, reason), CancelOutcome)

    if isinstance(outcome, ob.InvalidEntry):
        assert {problem.field for problem in outcome.problems} == {"reason"}
        assert isinstance(here.portal.cancel(booked.link), ob.Cancelled)
    else:
        assert isinstance(outcome, ob.Cancelled)
        assert len(outcome.cancellation.reason) <= 500


@given(identifier=wild(), reason=wild(), patient=wild(), language=wild(), request=wild())
def test_the_desk_is_given_anything(
    stand: Standing, identifier: Any, reason: object, patient: Any, language: Any, request: Any
) -> None:
    """R11, R48: coded outcomes; InvalidValue for a request_id that is no text."""
    desk = stand.here.desk
    slot = evolve(stand.slot, schedule_id=ScheduleId("nguyen"))

    assert isinstance(
        desk.cancel(identifier, reason=reason, actor=STAFF), ob.NotFound | ob.InvalidEntry
    )
    assert desk.withdraw_opening(identifier, actor=STAFF) == ob.Withdrawn()
    assert desk.withdraw_closure(identifier, actor=STAFF) == ob.Withdrawn()
    assert desk.mark(identifier, ob.AppointmentStatus.NOSHOW, actor=STAFF) == ob.NotFound()
    assert desk.confirm_presence(identifier, actor=STAFF) == ob.NotFound()
    assert desk.attach(identifier, "p-marie", actor=STAFF) == ob.NotFound()
    moved = desk.move(identifier, "nguyen", slot.start, revision=request, actor=STAFF)
    assert moved == ob.NotFound()
    assert desk.appointments_of(identifier, actor=STAFF) == ob.NotFound()
    assert desk.try_again(identifier, actor=STAFF) == ob.NotFound()
    assert desk.find_by_reference(identifier, actor=STAFF).appointments == ()
    assert desk.explain_service(identifier, "open", actor=STAFF) == ob.NotFound()
    assert desk.explain_service("p-marie", identifier, actor=STAFF) == ob.NotFound()
    assert desk.explain_time(identifier, identifier, slot.start, actor=STAFF) == ob.NotFound()
    known = desk.book("known", slot, GOOD, patient=patient, actor=STAFF, language=language)
    assert known == ob.NotFound()
    try:
        outcome = desk.book(request, slot, GOOD, patient="nobody", actor=STAFF)
    except ob.InvalidValue:
        return
    assert outcome == ob.NotFound()

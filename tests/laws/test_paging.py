"""Laws of *find* and *see more*, through the portal, while others come and go (R25, R26, R28)."""

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from attrs import evolve
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import omnibook as ob
from omnibook.clinic import Closure, Mode, Policies, Recurrence, Schedule
from omnibook.ids import PatientId, PractitionerId
from omnibook.ports import ReadScope
from omnibook.preference import Filter
from omnibook.records import ClaimKind
from omnibook.times import Span
from omnibook.transactions import Scope
from support.naive_availability import Scene, generated
from support.worlds import (
    JEANS_FORM,
    MARIE,
    MARIES_FORM,
    START,
    TORONTO,
    World,
    opening,
    schedule,
    service,
    small_clinic,
    strangers_form,
    text,
    world,
)

SOONEST = ob.Preference.soonest()
GENEROUS = evolve(
    Policies(),
    horizon=timedelta(days=2),
    holds_per_contact=100,
    holds_per_source=100,
    upcoming_per_contact=100,
    upcoming_per_source_and_day=100,
)


def room(name: str, **more: Any) -> Schedule:
    return schedule(name, opening(time(8), time(14)), **more)


BUSY_CLINIC = small_clinic(
    services=(
        service("open", 15, buffer_after=timedelta(minutes=5)),
        service("other", 15),
    ),
    schedules=(room("b"), room("a"), room("c", practitioner_id=PractitionerId("a"))),
    policies=GENEROUS,
)


def free(at: World, visit: ob.VisitToken, patient_id: str | None = None) -> list[ob.Slot]:
    """What the oracle says is offered to the visit now, by what the store holds."""
    clinic, now = at.clinic, at.clock.now()
    ever = Span(START - timedelta(days=1), START + timedelta(days=9))
    spans = {each.schedule_id: ever for each in clinic.schedules}
    _, seen = at.store.read(ReadScope(Scope(clinic_id=clinic.clinic_id, schedules=spans)))
    claims = [claim for state in seen.schedules.values() for claim in state.claims]
    held = {claim.owner for claim in claims if claim.kind is ClaimKind.HOLD}
    return generated(
        Scene(
            clinic=clinic,
            service=clinic.services[0],
            now=now,
            appointments=tuple(each for each in claims if each.owner not in held),
            holds=tuple(each for each in seen.holds.values() if each.hold_id in held),
            visit_id=visit.visit_id,
            patient_id=None if patient_id is None else PatientId(patient_id),
        )
    )


def find(
    at: World,
    visit: ob.VisitToken,
    after: str | None = None,
    *,
    preference: ob.Preference = SOONEST,
    service_id: str = "open",
) -> ob.FindOutcome:
    return at.portal.find(visit, service_id, preference, after=after)


def page_of(outcome: ob.FindOutcome) -> ob.Page:
    assert isinstance(outcome, ob.Page), outcome
    return outcome


class Others:
    """Two strangers who review, book, go back and cancel at random, and the passing of time."""

    def __init__(self, at: World) -> None:
        self.world = at
        self.visits = [at.enter(strangers_form(n), source=f"192.0.2.{n}") for n in range(2)]
        self.links: list[str] = []

    def do(self, act: str, number: int) -> None:
        visit = self.visits[number % 2]
        if act == "wait":
            self.world.wait(minutes=number % 7)
        elif act == "back":
            self.world.portal.go_back(visit)
        elif act == "cancel" and self.links:
            self.world.portal.cancel(self.links.pop(number % len(self.links)), "ill")
        elif act in {"hold", "book"}:
            offered = free(self.world, visit)
            if not offered:
                return
            held = self.world.hold(visit, offered[number % min(30, len(offered))])
            if act == "book":
                booked = self.world.portal.book(visit, held.hold_id)
                assert isinstance(booked, ob.Booked)
                assert booked.link is not None
                self.links.append(booked.link)


ACTS = st.lists(
    st.tuples(
        st.sampled_from(("hold", "book", "book", "back", "cancel", "wait")), st.integers(0, 99)
    ),
    max_size=3,
)


@settings(max_examples=15)
@given(st.lists(ACTS, min_size=12, max_size=12), st.integers(0, 40))
def test_paging_while_others_book_and_cancel_shows_each_time_once_and_skips_none(
    acts: list[list[tuple[str, int]]], mine: int
) -> None:
    """R25, R26, R28, R34: five at a time, in the total order, fifty in all."""
    at = world(BUSY_CLINIC)
    others, me = Others(at), at.enter()
    if mine:
        at.hold(me, free(at, me)[mine])
    shown: list[ob.Slot] = []
    throughout: set[ob.Slot] | None = None
    cursor: str | None = None
    for between in acts:
        now_free = free(at, me, MARIE.patient_id)
        throughout = set(now_free) & (set(now_free) if throughout is None else throughout)
        ahead = [slot for slot in now_free if not shown or slot.rank > shown[-1].rank]
        outcome = find(at, me, cursor)
        if not ahead:
            assert outcome == ob.NoAvailability()
            break
        page = page_of(outcome)
        assert list(page.slots) == ahead[:5]
        shown.extend(page.slots)
        assert page.shown == len(shown) <= 50
        assert (page.cursor is None) == (len(shown) == 50 or len(ahead) <= 5)
        cursor = page.cursor
        if cursor is None:
            break
        for act, number in between:
            others.do(act, number)
    ranks = [slot.rank for slot in shown]
    assert all(one < two for one, two in pairwise(ranks))
    assert throughout is not None
    assert {each for each in throughout if each.rank <= shown[-1].rank} <= set(shown)


def test_fifty_are_listed_in_ten_pages_and_no_more() -> None:
    """R25: 72 times are free, and the tenth page has no cursor."""
    at = world(BUSY_CLINIC)
    me, cursor, counts = at.enter(), None, list[tuple[int, int]]()
    for _ in range(10):
        page = page_of(find(at, me, cursor))
        counts.append((len(page.offers), page.shown))
        cursor = page.cursor
        if cursor is None:
            break
    assert counts == [(5, 5 * n) for n in range(1, 11)]
    assert len(free(at, me)) > 50


def test_the_last_page_has_what_is_left_and_no_cursor() -> None:
    """R25: seven times in all; and where five are all, one page."""
    day = Recurrence.once(date(2026, 3, 3))
    for minutes, counts in ((105, [5, 2]), (75, [5]), (15, [1])):
        end = (datetime.combine(date(2026, 3, 3), time(8)) + timedelta(minutes=minutes)).time()
        rooms = (schedule("a", opening(time(8), end, recurrence=day)),)
        at = world(small_clinic(schedules=rooms))
        me, cursor, found = at.enter(), None, list[int]()
        while True:
            page = page_of(find(at, me, cursor))
            found.append(len(page.offers))
            cursor = page.cursor
            if cursor is None:
                break
        assert found == counts


def test_an_offer_shows_day_time_practitioner_place_and_mode() -> None:
    """R25: in the clinic's local time, whatever the schedule's zone."""
    clinic = small_clinic(services=(service("open", 15, mode=Mode.VIDEO),))
    at = world(evolve(clinic, schedules=(room("gagnon", place=text("room 7")),)))
    (offer, *_) = page_of(find(at, at.enter())).offers
    assert offer.starts.isoformat() == "2026-03-02T08:00:00-05:00"
    assert offer.ends.isoformat() == "2026-03-02T08:15:00-05:00"
    assert offer.starts.tzinfo is TORONTO
    assert (offer.schedule_name, offer.place) == (text("gagnon"), text("room 7"))
    assert (offer.practitioner_id, offer.mode) == ("gagnon", Mode.VIDEO)


# Cursors --------------------------------------------------------------------------------------


CURSOR_INVALID = ob.InvalidEntry((ob.Problem(ob.ProblemCode.CURSOR_INVALID, "after"),))


def test_a_cursor_is_good_for_its_visit_service_and_preference_only() -> None:
    """R25."""
    at = world(BUSY_CLINIC)
    me, other = at.enter(), at.enter(JEANS_FORM)
    cursor = page_of(find(at, me)).cursor
    assert cursor is not None
    named = ob.Preference(practitioner="a")
    assert find(at, other, cursor) == CURSOR_INVALID
    assert find(at, me, cursor, service_id="other") == CURSOR_INVALID
    assert find(at, me, cursor, preference=named) == CURSOR_INVALID
    assert page_of(find(at, me, cursor)).shown == 10
    assert page_of(find(at, me, cursor)) == page_of(find(at, me, cursor))


@pytest.mark.parametrize(
    ("one", "same", "another"),
    [
        (
            {"first_date": "2026-03-02"},
            {"first_date": date(2026, 3, 2)},
            {"last_date": "2026-03-02"},
        ),
        ({"weekdays": [0, 1]}, {"weekdays": (1, 0)}, {"weekdays": [0, 1, 2]}),
        (
            {"time_of_day": "morning"},
            {"time_of_day": ("00:00", "12:00")},
            {"time_of_day": ("00:00", "12:01")},
        ),
        ({"practitioner": "a"}, {"practitioner": "a"}, {"practitioner": "b"}),
    ],
)
def test_a_cursor_belongs_to_what_a_preference_means(
    one: dict[str, Any], same: dict[str, Any], another: dict[str, Any]
) -> None:
    """R25: not to how it was written."""
    at = world(BUSY_CLINIC)
    me = at.enter()
    cursor = page_of(find(at, me, preference=ob.Preference(**one))).cursor
    assert cursor is not None
    assert page_of(find(at, me, cursor, preference=ob.Preference(**same))).shown == 10
    assert find(at, me, cursor, preference=ob.Preference(**another)) == CURSOR_INVALID


@settings(max_examples=60)
@given(st.data())
def test_a_cursor_that_was_tampered_with_is_refused(data: st.DataObject) -> None:
    """R25: and with it any other text, whatever it is."""
    at = world(BUSY_CLINIC)
    me = at.enter()
    cursor = page_of(find(at, me)).cursor
    assert cursor is not None
    place = data.draw(st.integers(0, len(cursor) - 1))
    any_text = st.text(st.characters(exclude_categories=()), max_size=40)
    forged = data.draw(
        st.one_of(
            any_text,
            any_text.map(lambda more: cursor[:place] + more + cursor[place + 1 :]),
            any_text.map(lambda more: cursor + more),
            st.just(cursor[:place]),
            st.just("." * 600),
        )
    )
    assume(forged != cursor)
    assert find(at, me, forged) == CURSOR_INVALID


# What else *find* answers ---------------------------------------------------------------------


def test_ones_own_held_time_stays_visible_and_is_hidden_from_others() -> None:
    """R28, R34: until it lapses, and then everybody sees it."""
    at = world(BUSY_CLINIC)
    me, other = at.enter(), at.enter(JEANS_FORM)
    before = at.slots(me)
    at.hold(me, before[0])
    assert at.slots(me) == before
    assert before[0] not in at.slots(other)
    at.wait(minutes=5)
    assert at.slots(other) == at.slots(me) == before


def test_the_same_file_in_another_visit_sees_exactly_the_slot_it_holds() -> None:
    """R28, R35: it can take that one over; what overlaps it is as hidden as to anybody."""
    at = world(BUSY_CLINIC)
    first = at.enter()
    slot = at.slots(first)[0]
    held = at.hold(first, slot)
    second, stranger = at.enter(), at.enter(strangers_form(1))
    assert free(at, second, MARIE.patient_id) == sorted(
        [slot, *free(at, stranger)], key=lambda each: each.rank
    )
    assert at.slots(second)[0] == slot
    assert list(at.slots(second)) == free(at, second, MARIE.patient_id)[:5]
    assert slot not in at.slots(stranger)
    assert slot not in at.slots(at.enter(JEANS_FORM))
    at.hold(stranger, at.slots(stranger)[0])
    other_stranger = at.enter(strangers_form(2))
    assert list(at.slots(other_stranger)) == free(at, other_stranger)[:5]
    taken_over = at.hold(second, slot)
    assert taken_over.expires_at == held.expires_at


def test_nothing_found_is_one_answer() -> None:
    """R29: whether nothing is open, everything is closed, or the filter leaves nothing."""
    at = world(BUSY_CLINIC)
    never = ob.Preference(time_of_day=("02:00", "03:00"))
    past = ob.Preference(last_date=date(2026, 3, 1))
    assert find(at, at.enter(), preference=never) == ob.NoAvailability()
    assert find(at, at.enter(), preference=past) == ob.NoAvailability()
    shut = Closure(
        start=datetime.combine(date(2026, 3, 1), time()),
        end=datetime.combine(date(2026, 3, 9), time()),
    )
    closed = world(evolve(BUSY_CLINIC, closures=(shut,)))
    assert find(closed, closed.enter()) == ob.NoAvailability()
    empty = world(small_clinic(schedules=()))
    assert find(empty, empty.enter()) == ob.NoAvailability()


@settings(max_examples=25)
@given(
    st.frozensets(st.integers(0, 6), min_size=1),
    st.sampled_from((None, "morning", "afternoon", ("12:15", "13:00"))),
    st.sampled_from((None, "a", "b")),
    st.integers(0, 2),
)
def test_a_page_has_only_what_the_preference_asks_for(
    weekdays: frozenset[int], part: object, practitioner: str | None, later: int
) -> None:
    """R24: every one of them, and no other is left out."""
    at = world(BUSY_CLINIC)
    me = at.enter()
    preference = ob.Preference(
        first_date=date(2026, 3, 2) + timedelta(days=later),
        weekdays=list(weekdays),
        time_of_day=part,
        practitioner=practitioner,
    )
    chosen = preference.parse(at.clinic)
    assert isinstance(chosen, Filter)
    doctors = {each.schedule_id: each.practitioner_id for each in at.clinic.schedules}
    wanted = [
        slot
        for slot in free(at, me)
        if chosen.admits(slot.start, TORONTO) and practitioner in {None, doctors[slot.schedule_id]}
    ]
    outcome = find(at, me, preference=preference)
    found = outcome.slots if isinstance(outcome, ob.Page) else ()
    assert list(found) == wanted[:5]


def test_only_dates_on_which_the_visitor_is_eligible_are_listed() -> None:
    """R22: a child under six on the day of the visit, whose birthday is on Thursday."""
    child = evolve(MARIE, birth_date=date(2020, 3, 5), health_numbers=())
    at = world(small_clinic(schedules=(room("a"),)), patients=(child,))
    me = at.enter(evolve(MARIES_FORM, birth_date="2020-03-05", acting_for="parent"))
    days, cursor = set[date](), None
    while True:
        page = page_of(find(at, me, cursor, service_id="child"))
        days |= {offer.starts.date() for offer in page.offers}
        cursor = page.cursor
        if cursor is None:
            break
    assert days == {date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)}
    late = ob.Preference(first_date=date(2026, 3, 5))
    assert find(at, me, preference=late, service_id="child") == ob.NoAvailability()


def test_a_service_that_the_visitor_does_not_see_is_not_searched() -> None:
    """R13, R19, R22."""
    at = world()
    stranger = at.enter(strangers_form(1))
    for service_id in ("file", "doctor", "nothing", ""):
        assert find(at, stranger, service_id=service_id) == ob.ServiceNotOffered()


def test_a_preference_that_cannot_be_read_is_an_invalid_entry() -> None:
    """R11, R24."""
    at = world()
    outcome = find(at, at.enter(), preference=ob.Preference(first_date="soon", weekdays="mon"))
    assert isinstance(outcome, ob.InvalidEntry)
    assert [each.field for each in outcome.problems] == ["first_date", "weekdays"]


def test_who_loses_a_time_is_shown_what_is_free_now() -> None:
    """R31: by the preference given, or as soon as possible; nothing is said of an unusable one."""
    at = world(BUSY_CLINIC)
    me, other = at.enter(), at.enter(JEANS_FORM)
    slot = at.slots(me)[0]
    at.hold(other, slot)
    form = ob.BookingForm("a cough")
    lost = at.portal.review(me, slot, form)
    assert lost == ob.SlotTaken(fresh=page_of(find(at, me)))
    named = ob.Preference(practitioner="b")
    lost = at.portal.review(me, slot, form, preference=named)
    assert lost == ob.SlotTaken(fresh=page_of(find(at, me, preference=named)))
    never = ob.Preference(first_date=date(2027, 1, 1))
    lost = at.portal.review(me, slot, form, preference=never)
    assert lost == ob.SlotTaken(fresh=ob.NoAvailability())
    lost = at.portal.review(me, slot, form, preference=ob.Preference(first_date="soon"))
    assert lost == ob.SlotTaken(fresh=None)

"""A visit that goes on, its services and its list of availabilities."""

from datetime import date, timedelta

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.clinic import Policies
from omnibook.ids import PatientId
from support.portal_walks import codes, listed, visit_of, without_open_services
from support.worlds import (
    JEAN,
    MARIE,
    START,
    World,
    small_clinic,
    world,
)

Code = ob.ProblemCode


# The visit ---------------------------------------------------------------------------------------


def test_a_visit_goes_on_wherever_its_token_is_sent_to() -> None:
    """R16: another portal, made anew, as on another host."""
    here = world()
    token = here.enter()

    elsewhere = ob.Portal(here.clinic, store=here.store, directory=here.directory, keys=here.keys)

    outcome = elsewhere.resume(token.value)
    assert listed(outcome) == ["open", "file", "doctor"]
    assert isinstance(outcome, ob.Welcome)
    assert outcome.visit == token


@pytest.mark.parametrize("text", ["", "short", "x" * 22, "x" * 10_000, None, 7, b"x" * 30])
def test_a_text_that_is_no_visits_token_is_a_visit_that_is_over(text: str) -> None:
    """R16."""
    assert world().portal.resume(text) == ob.VisitOver()


def test_only_a_token_stands_for_a_visit() -> None:
    here = world()
    here.enter()

    with pytest.raises(ob.InvalidValue, match="VisitToken"):
        here.portal.services("a text of 22 characters")  # type: ignore[arg-type]


def everything(here: World, token: ob.VisitToken) -> set[object]:
    slot = ob.Slot("open", "gagnon", START, START + timedelta(minutes=15))  # type: ignore[arg-type]
    portal = here.portal
    return {
        portal.resume(token.value),
        portal.services(token),
        portal.find(token, "open", ob.Preference.soonest()),
        portal.review(token, slot, ob.BookingForm("why")),
        portal.go_back(token),
        portal.book(token, "hold"),
    }


def test_a_visit_is_over_after_half_an_hour_without_activity() -> None:
    """R16, and every step says so."""
    here = world()
    token = here.enter()
    here.wait(minutes=30, microseconds=-1)
    still = here.portal.resume(token.value)
    here.wait(minutes=30)

    assert isinstance(still, ob.Welcome)
    assert everything(here, token) == {ob.VisitOver()}


def test_a_visit_is_over_after_two_hours_in_all() -> None:
    """R16: however busy it was."""
    here = world()
    token = here.enter()
    for _ in range(11):
        here.wait(minutes=10)
        assert isinstance(here.portal.services(token), ob.Welcome)
    here.wait(minutes=10)

    assert everything(here, token) == {ob.VisitOver()}


def test_a_visit_is_never_over_while_its_hold_is_live() -> None:
    """R16: the hold's last microsecond is the visit's too."""
    here = world(small_clinic(policies=Policies(visit_total=timedelta(minutes=2))))
    token = here.enter()
    held = here.hold(token, here.slots(token)[0])
    here.wait(minutes=5, microseconds=-1)
    before = here.portal.services(token)
    here.wait(microseconds=1)

    assert isinstance(before, ob.Welcome)
    assert here.portal.book(token, held.hold_id) == ob.VisitOver()


def test_activity_is_written_when_the_last_record_is_over_five_minutes_old() -> None:
    """R16: and by each step."""
    here = world()
    token = here.enter()
    seen: list[int] = []
    for minutes in (5, 1, 5, 1, 6, 6):
        here.wait(minutes=minutes)
        step = len(seen) % 2
        if step:
            here.portal.services(token)
        else:
            here.slots(token)
        visit = visit_of(here, token)
        assert visit is not None
        seen.append((visit.active_at - START) // timedelta(minutes=1))

    assert seen == [0, 6, 6, 12, 18, 24]


def test_services_are_listed_by_the_facts_of_the_moment() -> None:
    """R22: a file that changes between two steps changes what is listed, and nothing else."""
    here = world()
    token = here.enter()
    here.directory.put(evolve(MARIE, family_doctor=None))
    without_doctor = here.portal.services(token)
    here.directory.put(evolve(MARIE, active=False))
    without_file = here.portal.services(token)

    assert listed(without_doctor) == ["open", "file"]
    assert listed(without_file) == ["open"]


def test_a_visit_for_which_nothing_is_left_is_told_the_one_message() -> None:
    """R14, R22."""
    here = world(without_open_services(small_clinic()))
    token = here.enter()
    here.directory.put(evolve(MARIE, deceased=True))

    assert here.portal.services(token) == ob.NotOnline()
    assert here.portal.resume(token.value) == ob.NotOnline()


def test_a_file_that_was_merged_meanwhile_is_its_survivors() -> None:
    """R9, R22: and where merges run in a circle, nobody's."""
    here = world()
    token = here.enter()
    here.directory.put(evolve(MARIE, merged_into=PatientId("p-jean")))
    merged = here.portal.services(token)
    here.directory.put(evolve(JEAN, merged_into=PatientId("p-marie")))
    circle = here.portal.services(token)

    assert listed(merged) == ["open", "file"]
    assert listed(circle) == ["open"]


# Find --------------------------------------------------------------------------------------------


def test_a_page_lists_five_and_see_more_goes_on_up_to_fifty() -> None:
    """R25, R26: in order, none twice; day, time, practitioner, place and mode are shown."""
    here = world()
    token = here.enter()
    pages: list[ob.Page] = []
    cursor = None
    while cursor is not None or not pages:
        page = here.portal.find(token, "open", ob.Preference.soonest(), after=cursor)
        assert isinstance(page, ob.Page)
        pages.append(page)
        cursor = page.cursor

    slots = [slot for page in pages for slot in page.slots]
    assert [page.shown for page in pages] == list(range(5, 51, 5))
    assert slots == sorted(set(slots), key=lambda slot: slot.rank)
    offer = pages[0].offers[0]
    assert (offer.practitioner_id, offer.place.en, offer.mode) == ("gagnon", "room 1 (en)", "phone")
    assert offer.starts.isoformat() == "2026-03-02T08:00:00-05:00"
    assert offer.ends - offer.starts == timedelta(minutes=15)


@pytest.mark.parametrize("spoil", ["text", "service", "preference", "visit"])
def test_a_cursor_is_good_for_its_visit_service_and_preference_only(spoil: str) -> None:
    """R25."""
    here = world()
    token, preference, service, text = here.enter(), ob.Preference.soonest(), "open", ""
    page = here.portal.find(token, service, preference)
    assert isinstance(page, ob.Page)
    if spoil == "text":
        text = "x"
    elif spoil == "service":
        service = "file"
    elif spoil == "preference":
        preference = ob.Preference(time_of_day="morning")
    else:
        token = here.enter()

    outcome = here.portal.find(token, service, preference, after=f"{page.cursor}{text}")

    assert codes(outcome) == [("after", Code.CURSOR_INVALID)]


def test_a_service_is_listed_though_nothing_is_free_and_then_says_so() -> None:
    """R19, R29."""
    clinic = small_clinic()
    closed = evolve(clinic, schedules=tuple(evolve(each, openings=()) for each in clinic.schedules))
    here = world(closed)
    token = here.enter()

    assert listed(here.portal.services(token)) == ["open", "file", "doctor"]
    assert here.portal.find(token, "open", ob.Preference.soonest()) == ob.NoAvailability()


@pytest.mark.parametrize("service_id", ["child", "unknown", "", None, ["open"]])
def test_a_service_that_is_not_listed_cannot_be_searched(service_id: str) -> None:
    """R22."""
    here = world()

    outcome = here.portal.find(here.enter(), service_id, ob.Preference.soonest())

    assert outcome == ob.ServiceNotOffered()


def test_a_preference_filters_and_an_unusable_one_is_a_problem() -> None:
    """R24, R11: every problem at once."""
    here = world()
    token = here.enter()
    wish = ob.Preference(
        first_date=date(2026, 3, 4), time_of_day=("13:00", "14:00"), practitioner="gagnon"
    )
    unusable = ob.Preference(first_date="soon", weekdays=[9], practitioner="nobody")

    page = here.portal.find(token, "open", wish)

    assert isinstance(page, ob.Page)
    assert {each.starts.date() for each in page.offers} == {date(2026, 3, 4), date(2026, 3, 5)}
    assert {each.starts.hour for each in page.offers} == {13}
    assert codes(here.portal.find(token, "open", unusable)) == [
        ("first_date", Code.PREFERENCE_MALFORMED),
        ("weekdays", Code.PREFERENCE_MALFORMED),
        ("practitioner", Code.PREFERENCE_PRACTITIONER_UNKNOWN),
    ]


def test_the_openings_of_another_schedule_source_are_the_ones_that_count() -> None:
    """R30: such as the host's own."""
    here = world()
    nothing = evolve(here.clinic, schedules=())
    portal = ob.Portal(
        here.clinic,
        store=here.store,
        directory=here.directory,
        keys=here.keys,
        schedules=ob.ClinicSchedules(nothing),
    )

    outcome = portal.find(here.enter(), "open", ob.Preference.soonest())

    assert outcome == ob.NoAvailability()

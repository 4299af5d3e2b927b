"""Where an appointment can be moved: times, and whose it is, are judged anew (R22, R27, R47)."""

from datetime import date, time, timedelta

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.clinic import Policies, Release
from omnibook.criteria import (
    AgeRange,
    FamilyDoctorHere,
    ForDependant,
    HasFile,
    UpcomingLimit,
)
from omnibook.eligibility import Eligibility
from omnibook.ids import ServiceId
from support.moves import (
    DAY,
    TOMORROW,
    booked,
    claims,
    kept,
    listed,
    meanwhile,
    moved,
    put,
    tomorrow,
)
from support.variations import InterruptedStore, under
from support.worlds import (
    JEAN,
    MARIE,
    MARIES_FORM,
    SHOT,
    STAFF,
    opening,
    schedule,
    service,
    small_clinic,
    strangers_form,
    world,
)

# The new time is judged anew (R27) ---------------------------------------------------------------


def test_a_taken_time_is_refused_with_what_is_free_under_the_link() -> None:
    """R31, R47: what the appointment itself has is given up, so that its neighbours are free."""
    here = world()
    first = booked(here)
    booked(here, tomorrow(60), number=1)

    outcome = here.portal.move(first.link, tomorrow(60), preference=TOMORROW)

    assert isinstance(outcome, ob.SlotTaken)
    assert isinstance(outcome.fresh, ob.Page)
    assert outcome.fresh == here.portal.find_for_move(first.link, TOMORROW)
    assert kept(here, first) == first.appointment
    unusable = here.portal.move(first.link, tomorrow(60), preference=ob.Preference(first_date="?"))
    assert unusable == ob.SlotTaken()
    nothing = ob.Preference(first_date="2026-03-07", last_date="2026-03-07")
    assert here.portal.move(first.link, tomorrow(60), preference=nothing) == ob.SlotTaken(
        fresh=ob.NoAvailability()
    )
    soonest = here.portal.move(first.link, tomorrow(60))
    assert isinstance(soonest, ob.SlotTaken)
    assert soonest.fresh == here.portal.find_for_move(first.link, ob.Preference.soonest())


def test_what_somebody_holds_is_refused() -> None:
    """R33: also what the same patient holds in a visit; a move takes no hold over."""
    here = world()
    first = booked(here)
    for number, wish in ((1, tomorrow(60)), (None, tomorrow(120, of="file", length=30))):
        visit = here.enter() if number is None else here.enter(strangers_form(number))
        held = here.hold(visit, wish)

        assert isinstance(here.portal.move(first.link, tomorrow(wish_minutes(wish))), ob.SlotTaken)
        assert tomorrow(wish_minutes(wish)) not in listed(here, first.link)
        here.clock.set(held.expires_at)
        assert tomorrow(wish_minutes(wish)) in listed(here, first.link)
    assert isinstance(here.portal.move(first.link, tomorrow(60)), ob.Moved)


def wish_minutes(wish: ob.Slot) -> float:
    return (wish.start - tomorrow().start) / timedelta(minutes=1)


@pytest.mark.parametrize(
    "wish",
    [
        tomorrow(1),
        tomorrow(length=30),
        tomorrow(-60),
        tomorrow(4 * 60),
        tomorrow(366 * 24 * 60),
        tomorrow(-24 * 60 - 60),
        tomorrow(on="nobody"),
        ob.Slot(ServiceId("open"), tomorrow().schedule_id, tomorrow().start, tomorrow(10**6).start),
    ],
)
def test_what_was_never_offered_is_as_good_as_taken(wish: ob.Slot) -> None:
    """R27, R38: off the grid, of a wrong length, outside openings, beyond the horizon, past."""
    here = world()
    first = booked(here, tomorrow(60))

    outcome = here.portal.move(first.link, wish)

    assert isinstance(outcome, ob.SlotTaken)
    assert isinstance(outcome.fresh, ob.Page)
    assert kept(here, first) == first.appointment


def test_a_forged_time_is_not_even_looked_up() -> None:
    """R38: the store is asked for the appointment's own time only."""
    here = world()
    first = booked(here)
    interrupted = InterruptedStore(here.store)
    year = evolve(tomorrow(60), end=tomorrow(365 * DAY).start)

    assert isinstance(under(here, store=interrupted).portal.move(first.link, year), ob.SlotTaken)
    assert interrupted.runs == 1


def test_a_service_that_lasts_longer_now_can_be_had_at_the_same_start() -> None:
    """R27, R47: it is another time than the appointment has."""
    here = world()
    first = booked(here)
    longer = evolve(here.clinic, services=(service("open", 30), *here.clinic.services[1:]))
    now = under(here, longer)

    assert tomorrow(length=30) in listed(now, first.link)
    assert isinstance(now.portal.move(first.link, tomorrow(length=30)), ob.Moved)


@pytest.mark.parametrize("wish", [None, "2026-03-03T09:00", 7])
def test_what_is_no_slot_is_a_problem_of_the_entry(wish: object) -> None:
    """R11, R31."""
    here = world()
    outcome = here.portal.move(booked(here).link, wish)  # type: ignore[arg-type]

    assert isinstance(outcome, ob.InvalidEntry)
    assert [(each.field, each.code) for each in outcome.problems] == [("slot", "slot.malformed")]


def test_notice_release_and_closures_are_asked() -> None:
    """R27, R48: of the new time, as at Review."""
    clinic = small_clinic(
        schedules=(
            schedule("gagnon", opening()),
            schedule("nguyen", opening(release=Release(days_before=0, at=time(8)))),
            schedule("nurse", opening()),
        ),
        policies=Policies(minimum_notice=timedelta(hours=26)),
    )
    here = world(clinic)
    first = booked(here, tomorrow(120))
    here.desk.close_time("closed", "nurse", tomorrow().start, tomorrow(180).start, actor=STAFF)

    for wish, expected in (
        (tomorrow(45), ob.SlotTaken),
        (tomorrow(150, on="nguyen"), ob.SlotTaken),
        (tomorrow(150, on="nurse"), ob.SlotTaken),
        (tomorrow(180, on="nurse"), ob.Moved),
    ):
        assert (wish in listed(here, first.link)) is (expected is ob.Moved)
        assert isinstance(here.portal.move(first.link, wish), expected)


def test_its_own_time_is_in_nobodys_way_but_a_busy_time_under_it_is() -> None:
    """R40, R47: buffers included, and over its own old place."""
    wide = timedelta(minutes=20)
    clinic = small_clinic(
        services=(service("open", 30, buffer_before=wide, buffer_after=wide),),
        schedules=(schedule("gagnon", opening()),),
    )
    here = world(clinic)
    first = booked(here, tomorrow(60, length=30))
    near = tomorrow(75, length=30)
    assert {near, tomorrow(45, length=30)} <= set(listed(here, first.link))

    busy = ob.Busy(
        span=ob.Span(tomorrow(80).start, tomorrow(85).start),
        schedule_id=near.schedule_id,
        busy_id="host",
    )
    here.desk.import_busy("gagnon", tomorrow().start, tomorrow(300).start, [busy], actor=STAFF)
    assert near not in listed(here, first.link)
    assert isinstance(here.portal.move(first.link, near), ob.SlotTaken)
    here.desk.import_busy("gagnon", tomorrow().start, tomorrow(300).start, [], actor=STAFF)
    new = moved(here, first.link, near)
    assert new.appointment.claimed == near.span.widened(wide, wide)
    assert claims(here) == [("gagnon", new.appointment.appointment_id, new.appointment.claimed)]
    assert tomorrow(60, length=30) in listed(here, new.link)


@pytest.mark.parametrize(("mine", "freed"), [((18, 30), (19, 5)), ((19, 20), (18, 35))])
def test_times_beyond_the_utc_midnight_are_freed_too(
    mine: tuple[int, int], freed: tuple[int, int]
) -> None:
    """R27, R47: 19:00 in Toronto, which a claim's buffer reaches over from either side."""
    evening = opening(time(18), time(21), interval=timedelta(minutes=5))
    clinic = small_clinic(
        services=(service("open", 30, buffer_before=timedelta(minutes=20)),),
        schedules=(schedule("gagnon", evening),),
    )
    here = world(clinic)
    own, wish = (tomorrow((hour - 8) * 60 + minute, length=30) for hour, minute in (mine, freed))
    first = booked(here, own)
    late = ob.Preference(first_date="2026-03-03", time_of_day=(time(18), time(21)))

    stranger = here.portal.find(here.enter(strangers_form(1)), "open", late)
    assert isinstance(stranger, ob.Page)
    assert wish not in stranger.slots
    assert wish in listed(here, first.link, late)
    moved(here, first.link, wish)


def test_the_ordinary_list_is_not_changed_by_a_search_to_move() -> None:
    """R28, R47: what one search looks past, no other one sees."""
    here = world()
    first = booked(here)
    visit = here.enter(strangers_form(1))
    before = here.portal.find(visit, "open", TOMORROW)
    free = listed(here, first.link)

    assert here.portal.find(visit, "open", TOMORROW) == before
    assert isinstance(before, ob.Page)
    assert first.appointment.slot not in before.slots
    other = booked(here, tomorrow(15), number=2)
    assert first.appointment.slot not in listed(here, other.link)
    assert tomorrow(15) in free


def test_the_activity_is_that_of_the_new_opening() -> None:
    """R45: with its silence; what was silent before stays so, since it may have opted out."""
    clinic = small_clinic(
        services=(service("open", 15, activities=(SHOT, *service("x").activities)),),
        silent_activities=frozenset({SHOT}),
    )
    here = world(clinic)
    first = booked(here)
    assert first.appointment.messages

    new = moved(here, first.link, tomorrow(on="nurse"))
    assert new.appointment.activity == SHOT
    assert not new.appointment.messages
    back = moved(here, new.link, tomorrow())
    assert back.appointment.activity == first.appointment.activity
    assert not back.appointment.messages


# The patient is judged anew (R22) ----------------------------------------------------------------


def test_eligibility_is_judged_on_the_new_date() -> None:
    """R22, R47."""
    young = evolve(MARIE, birth_date=date(2004, 3, 3), health_numbers=())
    until = Eligibility(inclusions=((AgeRange(maximum=21),),))
    here = world(
        small_clinic(services=(service("open", 15, eligibility=until),)), patients=(young,)
    )
    first = here.book(here.enter(evolve(MARIES_FORM, birth_date="2004-03-03")), tomorrow(180 - DAY))

    assert here.portal.find_for_move(first.link, TOMORROW) == ob.NoAvailability()
    assert here.portal.move(first.link, tomorrow()) == ob.ServiceNotOffered()
    today = ob.Preference(last_date="2026-03-02")
    assert tomorrow(195 - DAY) in listed(here, first.link, today)
    moved(here, first.link, tomorrow(195 - DAY))


@pytest.mark.parametrize("limit", [1, 2])
def test_the_appointment_itself_is_no_visit_that_is_to_come(limit: int) -> None:
    """R20, R47: a limit of one upcoming visit does not keep it where it is; another visit does."""
    only = Eligibility(inclusions=((UpcomingLimit(limit=limit),),))
    clinic = small_clinic(
        services=(service("open", 15, eligibility=only), service("file", 15)),
        policies=Policies(one_upcoming_per_service=False),
    )
    here = world(clinic)
    first = booked(here)
    new = moved(here, first.link, tomorrow(60))
    assert tomorrow() in listed(here, new.link)

    booked(here, tomorrow(120, of="file"))
    if limit == 1:
        assert here.portal.find_for_move(new.link, TOMORROW) == ob.ServiceNotOffered()
        assert here.portal.move(new.link, tomorrow()) == ob.ServiceNotOffered()
    else:
        moved(here, new.link, tomorrow())


def test_an_unidentified_visitor_moves_as_one_without_facts() -> None:
    """R13, R15, R47."""
    here = world()
    first = booked(here, number=1)
    with_a_file = Eligibility(inclusions=((HasFile(),),))
    services = (evolve(here.clinic.services[0], eligibility=with_a_file),)
    criteria = under(here, evolve(here.clinic, services=services)).portal

    assert criteria.find_for_move(first.link, TOMORROW) == ob.ServiceNotOffered()
    assert criteria.move(first.link, tomorrow(60)) == ob.ServiceNotOffered()
    moved(here, first.link, tomorrow(60))


@pytest.mark.parametrize("gone", [evolve(MARIE, deceased=True), evolve(MARIE, active=False)])
def test_a_file_that_is_not_live_is_no_file(gone: ob.Patient) -> None:
    """R9, R47."""
    here = world()
    first = here.book(here.enter(), tomorrow(of="file", length=30))
    here.directory.put(gone)

    assert here.portal.move(first.link, tomorrow(60, of="file", length=30)) == (
        ob.ServiceNotOffered()
    )


def test_a_merged_file_is_judged_by_its_survivor() -> None:
    """R9, R47."""
    here = world()
    first = here.book(here.enter(), tomorrow(of="doctor", length=30))
    here.directory.put(evolve(MARIE, merged_into=JEAN.patient_id))
    wish = tomorrow(60, of="doctor", length=30)

    assert here.portal.move(first.link, wish) == ob.ServiceNotOffered()
    here.directory.put(evolve(JEAN, family_doctor="gagnon"))
    moved(here, first.link, wish)


def test_a_file_attached_meanwhile_is_not_the_one_that_was_looked_up() -> None:
    """R15, R47: facts of another file than the appointment's judge nothing."""
    here = world()
    first = here.book(here.enter(), tomorrow(of="doctor", length=30))
    wish = tomorrow(60, of="doctor", length=30)
    other = meanwhile(
        here, lambda: put(here, evolve(first.appointment, patient_id=JEAN.patient_id))
    )

    assert other.portal.move(first.link, wish) == ob.ServiceNotOffered()


def test_who_books_is_not_known_of_a_link() -> None:
    """R21: an exclusion that asks for it blocks."""
    dependants = Eligibility(exclusions=(ForDependant(),))
    here = world(small_clinic(services=(service("open", 15, eligibility=dependants),)))
    first = booked(here)

    assert here.portal.find_for_move(first.link, TOMORROW) == ob.ServiceNotOffered()
    assert here.portal.move(first.link, tomorrow(60)) == ob.ServiceNotOffered()


def test_the_service_is_kept() -> None:
    """R47: a slot of another one is refused, whoever may have it; so is one that is gone."""
    here = world()
    first = booked(here)

    for wish in (tomorrow(60, of="doctor", length=30), tomorrow(60, of="nothing")):
        assert here.portal.move(first.link, wish) == ob.ServiceNotOffered()
    emptied = under(here, evolve(here.clinic, services=here.clinic.services[1:])).portal
    assert emptied.find_for_move(first.link, TOMORROW) == ob.ServiceNotOffered()
    assert emptied.move(first.link, tomorrow(60)) == ob.ServiceNotOffered()


def test_limits_on_appointments_and_holds_are_not_asked_again() -> None:
    """R36, R52: a move makes nothing more than there was."""
    here = world()
    one = booked(here)
    marie = here.enter()
    assert here.portal.review(marie, tomorrow(45), ob.BookingForm("x")) == ob.AlreadyBooked()
    moved(here, one.link, tomorrow(15))

    none = Policies(upcoming_per_contact=1, upcoming_per_source_and_day=1, holds_per_contact=1)
    capped = under(here, evolve(here.clinic, policies=none))
    other = booked(here, tomorrow(30), number=1)
    visit = capped.enter(strangers_form(1), source="198.51.100.1")
    assert capped.portal.review(visit, tomorrow(60), ob.BookingForm("x")) == ob.TooManyHolds()
    moved(capped, other.link, tomorrow(60))


# The list (R24–R26) ------------------------------------------------------------------------------


def test_pages_under_a_link_follow_each_other_up_to_fifty() -> None:
    """R25, R26."""
    here = world()
    first = booked(here)
    every = listed(here, first.link, ob.Preference.soonest())

    assert len(every) == 50
    assert every == sorted(set(every), key=lambda each: each.rank)


def test_a_cursor_is_good_for_its_own_link_and_preference_only() -> None:
    """R25: not for the link of the next revision, nor for a visit."""
    here = world()
    first, other = booked(here), booked(here, tomorrow(30), number=1)
    page = here.portal.find_for_move(first.link, TOMORROW)
    assert isinstance(page, ob.Page)
    assert page.cursor
    find = here.portal.find_for_move

    assert isinstance(find(first.link, TOMORROW, after=page.cursor), ob.Page)
    for link, preference in ((other.link, TOMORROW), (first.link, ob.Preference.soonest())):
        assert isinstance(find(link, preference, after=page.cursor), ob.InvalidEntry)
    new = moved(here, first.link, tomorrow(60))
    assert isinstance(find(new.link, TOMORROW, after=page.cursor), ob.InvalidEntry)
    visit = here.enter()
    assert isinstance(here.portal.find(visit, "open", TOMORROW, after=page.cursor), ob.InvalidEntry)


def test_an_unusable_preference_is_told() -> None:
    """R11, R24."""
    here = world()
    outcome = here.portal.find_for_move(booked(here).link, ob.Preference(first_date="?"))

    assert isinstance(outcome, ob.InvalidEntry)
    assert [each.field for each in outcome.problems] == ["first_date"]


def test_the_family_doctor_criterion_is_known_by_the_link() -> None:
    """R20, R22: an identified patient's file is read."""
    here = world()
    first = here.book(here.enter(), tomorrow(of="doctor", length=30))

    assert FamilyDoctorHere() in here.clinic.services[2].eligibility.inclusions[0]
    assert tomorrow(60, of="doctor", length=30) in listed(here, first.link)
    moved(here, first.link, tomorrow(60, of="doctor", length=30))

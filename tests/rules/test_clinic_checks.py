"""What a clinic is warned of."""

import tomllib
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from omnibook.ages import AgeUnit, completed
from omnibook.clinic import (
    Clinic,
    Closure,
    Opening,
    Policies,
    Recurrence,
    Schedule,
    Service,
    Terms,
    Text,
)
from omnibook.clinic_checks import warn_about
from omnibook.clinic_file import read_clinic
from omnibook.criteria import (
    AgeRange,
    AllOf,
    AnyOf,
    AsOf,
    AtLeast,
    FamilyDoctorHere,
    FileNumberHere,
    HasFile,
    Not,
    RegisteredSex,
)
from omnibook.criterion import Criterion
from omnibook.eligibility import Eligibility
from omnibook.facts import Sex
from omnibook.ids import ActivityId, ClinicId, ScheduleId, ServiceId

EXAMPLES = Path(__file__).parents[2] / "examples"
TODAY = date(2026, 11, 23)
VISIT = ActivityId("visit")
T = Text("x", "x")


def opening(
    start: str = "09:00",
    end: str = "12:00",
    *,
    days: set[int] | None = None,
    ends_next_day: bool = False,
    activity: str = "visit",
    online: bool = True,
    interval: int = 15,
    recurrence: Recurrence | None = None,
) -> Opening:
    return Opening(
        start=time.fromisoformat(start),
        end=time.fromisoformat(end),
        ends_next_day=ends_next_day,
        recurrence=recurrence or Recurrence(weekdays=frozenset(days or {0})),
        activities=frozenset({ActivityId(activity)}),
        interval=timedelta(minutes=interval),
        online=online,
    )


def clinic(
    *openings: Opening,
    criteria: Eligibility | None = None,
    minutes: int = 20,
    closures: tuple[Closure, ...] = (),
    schedule_closures: tuple[Closure, ...] = (),
    horizon: int = 60,
) -> Clinic:
    return Clinic(
        clinic_id=ClinicId("small"),
        name=T,
        phone="514 555-0100",
        zone=ZoneInfo("America/Toronto"),
        terms=Terms(document="terms", version="1"),
        services=(
            Service(
                service_id=ServiceId("visit"),
                internal_name="visit",
                activities=(VISIT,),
                name=T,
                description=T,
                label=T,
                duration=timedelta(minutes=minutes),
                eligibility=criteria or Eligibility(),
            ),
        ),
        schedules=(
            Schedule(
                schedule_id=ScheduleId("room"),
                name=T,
                place=T,
                openings=openings,
                closures=schedule_closures,
            ),
        ),
        closures=closures,
        policies=Policies(horizon=timedelta(days=horizon)),
    )


def warnings(given_clinic: Clinic) -> list[str]:
    return [str(warning) for warning in warn_about(given_clinic, today=TODAY)]


def whole_days(first: date, last: date) -> Closure:
    midnight = time()
    return Closure(
        start=datetime.combine(first, midnight),
        end=datetime.combine(last + timedelta(days=1), midnight),
    )


@pytest.mark.parametrize("name", ["clinic.toml", "closed-clinic.toml"])
def test_the_examples_are_warned_of_nothing(name: str) -> None:
    read, mistakes = read_clinic(tomllib.loads((EXAMPLES / name).read_text("utf-8")))
    assert mistakes == ()
    assert read is not None
    assert warnings(read) == []


@pytest.mark.parametrize("phone", ["call us !", "555", ""])
def test_a_phone_number_that_nobody_could_dial_is_told(phone: str) -> None:
    (warning,) = warnings(evolve(clinic(opening()), phone=phone))
    assert warning == (
        f'phone: {phone!r} is no phone number that can be dialled in CA; write it as "514 555-0100"'
    )


@pytest.mark.parametrize(
    "phone", ["514 555-0100, poste 2", "1 800 555-MILK", "+33 1 99 00 12 34", "(514) 555-0100"]
)
def test_a_clinic_may_have_any_phone_number(phone: str) -> None:
    assert warnings(evolve(clinic(opening()), phone=phone)) == []


# Openings ----------------------------------------------------------------------------------------


def test_a_service_that_an_opening_offers_is_fine() -> None:
    assert warnings(clinic(opening())) == []
    assert warnings(clinic(opening("09:00", "09:20"))) == []


@pytest.mark.parametrize(
    "openings",
    [
        (),
        (opening(activity="call"),),
        (opening(online=False),),
        (opening(recurrence=Recurrence.once(TODAY - timedelta(days=1))),),
        (opening(recurrence=Recurrence.once(TODAY + timedelta(days=61))),),
        (opening("12:00", "09:00"),),
    ],
)
def test_a_service_without_an_opening_in_the_horizon_is_told(openings: tuple[Opening, ...]) -> None:
    """R27."""
    assert warnings(clinic(*openings)) == [
        (
            "services[0] (visit): no online opening up to 2027-01-22 has one of its activities; "
            "add an online opening with the activity visit"
        )
    ]


def test_a_service_longer_than_every_opening_is_told() -> None:
    """R27."""
    (warning,) = warnings(clinic(opening("09:00", "09:15")))
    assert "has 20 minutes outside closures" in warning


def test_openings_that_are_closed_throughout_count_for_nothing() -> None:
    """R27."""
    closed = whole_days(TODAY, TODAY + timedelta(days=70))
    for with_closure in (
        clinic(opening(), closures=(closed,)),
        clinic(opening(), schedule_closures=(closed,)),
    ):
        (warning,) = warnings(with_closure)
        assert "outside closures" in warning
    partly = whole_days(TODAY, TODAY + timedelta(days=30))
    assert warnings(clinic(opening(), closures=(partly,))) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (opening("09:00", "12:00"), opening("11:45", "13:00")),
        (opening("09:00", "12:00"), opening("10:00", "11:00", days={0, 1})),
        (opening("22:00", "02:00", ends_next_day=True), opening("01:00", "03:00", days={1})),
        (opening("10:00", "11:00"), opening("09:00", "12:00", online=False)),
    ],
)
def test_overlapping_openings_of_one_schedule_are_told_once(
    first: Opening, second: Opening
) -> None:
    """R30."""
    (warning,) = warnings(clinic(first, second))
    assert warning.startswith("schedules[0] (room).openings[1]: overlaps openings[0] on 2026")


def test_an_opening_that_reaches_its_own_next_day_is_told() -> None:
    (warning,) = warnings(clinic(opening("08:00", "09:00", ends_next_day=True, days={0, 1})))
    assert warning.startswith("schedules[0] (room).openings[0]: overlaps openings[0]")


def test_openings_that_touch_or_stand_on_other_days_are_fine() -> None:
    assert warnings(clinic(opening("09:00", "12:00"), opening("12:00", "13:00"))) == []
    assert warnings(clinic(opening(days={0}), opening(days={1}))) == []
    assert warnings(clinic(opening("08:00", "09:00"), opening("08:00", "09:00", days={4}))) == []


def test_openings_of_two_schedules_may_overlap() -> None:
    one = clinic(opening())
    other = evolve(one.schedules[0], schedule_id=ScheduleId("other"))
    assert warnings(evolve(one, schedules=(*one.schedules, other))) == []


# Criteria ----------------------------------------------------------------------------------------

FEMALE, MALE = RegisteredSex(Sex.FEMALE), RegisteredSex(Sex.MALE)


def asks(*groups: tuple[Criterion, ...], exclude: tuple[Criterion, ...] = ()) -> list[str]:
    return warnings(clinic(opening(), criteria=Eligibility(inclusions=groups, exclusions=exclude)))


@pytest.mark.parametrize(
    "groups",
    [
        ((FEMALE,), (MALE,)),
        ((AgeRange(maximum=5),), (AgeRange(minimum=6),)),
        ((AgeRange(maximum=11, unit=AgeUnit.MONTHS),), (AgeRange(minimum=1),)),
        ((AgeRange(maximum=3, unit=AgeUnit.WEEKS),), (AgeRange(minimum=1, unit=AgeUnit.MONTHS),)),
        ((AgeRange(minimum=18, as_of=AsOf.BOOKING),), (AgeRange(maximum=17),)),
        ((FileNumberHere(),), (Not(FileNumberHere()),)),
    ],
)
def test_criteria_that_contradict_one_another_are_told(
    groups: tuple[tuple[Criterion, ...], ...],
) -> None:
    """R18."""
    assert asks(*groups) == [
        (
            "services[0] (visit).eligibility: nobody can meet its criteria; "
            "they contradict one another; correct one of them"
        )
    ]


@pytest.mark.parametrize(
    "groups",
    [
        ((FEMALE, MALE),),
        ((AgeRange(minimum=5, maximum=5),),),
        ((AgeRange(minimum=150),),),
        ((AgeRange(maximum=0, unit=AgeUnit.WEEKS),),),
        # Seventeen today, eighteen at the visit.
        ((AgeRange(maximum=17, as_of=AsOf.BOOKING),), (AgeRange(minimum=18),)),
        # Ten weeks today, and no more than a week older on some day of the horizon.
        (
            (AgeRange(minimum=10, maximum=10, unit=AgeUnit.WEEKS, as_of=AsOf.BOOKING),),
            (AgeRange(minimum=14, maximum=14, unit=AgeUnit.WEEKS),),
        ),
        ((FEMALE,), (FamilyDoctorHere(),), (Not(FileNumberHere()),)),
        ((AtLeast(2, (FEMALE, HasFile(), MALE)),),),
        ((AnyOf((AllOf((FEMALE, HasFile())), MALE)),),),
        ((Not(AnyOf((FEMALE, MALE))),),),
    ],
)
def test_criteria_that_somebody_meets_are_fine(groups: tuple[tuple[Criterion, ...], ...]) -> None:
    assert asks(*groups) == []


@pytest.mark.parametrize(
    "criterion",
    [
        AllOf((FEMALE, MALE)),
        AtLeast(2, (FEMALE, MALE)),
        AllOf((AgeRange(maximum=5), AgeRange(minimum=6))),
        # Whoever is identified has a file, and nobody else has a fact (R13).
        Not(HasFile()),
    ],
)
def test_a_single_criterion_that_never_holds_is_told_where_it_stands(criterion: Criterion) -> None:
    """R18."""
    assert asks((HasFile(), criterion)) == [
        (
            "services[0] (visit).eligibility.include[0][1]: never holds; "
            "nobody with a file can meet it; correct it, or leave it out"
        )
    ]
    (warning,) = asks(exclude=(criterion,))
    assert warning.startswith("services[0] (visit).eligibility.exclude[0]: never holds")


def test_an_exclusion_that_leaves_nobody_is_told() -> None:
    """R18."""
    (warning,) = asks((FEMALE,), exclude=(HasFile(),))
    assert "nobody can meet its criteria" in warning


@frozen
class Own:
    """A host's criterion, of which nothing is known here."""

    kind: ClassVar[str] = "own"

    judge = HasFile.judge
    turning_days = HasFile.turning_days
    settings = HasFile.settings
    read = HasFile.read


def test_criteria_with_a_hosts_own_are_left_alone() -> None:
    assert asks((FEMALE,), (MALE,), (Own(),)) == []  # type: ignore[arg-type]


ages = st.builds(
    lambda low, more, unit: AgeRange(minimum=low, maximum=low + more, unit=unit),
    st.integers(0, 12),
    st.integers(0, 3),
    st.sampled_from(AgeUnit),
)


@given(ages, ages, st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_two_age_ranges_are_told_exactly_if_no_birth_date_has_both(
    one: AgeRange, other: AgeRange, today: date
) -> None:
    def fits(birth_date: date, age: AgeRange) -> bool:
        assert age.minimum is not None
        assert age.maximum is not None
        return age.minimum <= completed(birth_date, today, age.unit) <= age.maximum

    # Only the visit's date counts, so that any one day tells of all.
    oldest = {AgeUnit.YEARS: 366, AgeUnit.MONTHS: 31, AgeUnit.WEEKS: 7}
    reach = max((age.maximum or 0) + 1 for age in (one, other))
    days = reach * min(oldest[one.unit], oldest[other.unit])
    together = any(
        fits(born, one) and fits(born, other)
        for born in (today - timedelta(days=day) for day in range(days + 366))
    )
    asked = Eligibility(inclusions=((one,), (other,)))
    found = warn_about(clinic(opening(), criteria=asked, horizon=7), today=today)
    assert [each for each in found if "eligibility" in each.path] == [] or not together
    assert together or found

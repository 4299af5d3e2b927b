"""Hypothesis strategies for facts, criteria and eligibilities."""

from datetime import date

from hypothesis import strategies as st

from omnibook.eligibility import (
    UNKNOWN,
    AgeRange,
    AgeUnit,
    AllOf,
    AnyOf,
    AsOf,
    AtLeast,
    Criterion,
    Day,
    Eligibility,
    Facts,
    FamilyDoctorHere,
    FamilyDoctorIs,
    FileNumberHere,
    ForDependant,
    HadVisitFor,
    HasFile,
    HasHealthCard,
    HasTag,
    HealthCard,
    LastVisit,
    LeapDayRule,
    MinimumInterval,
    NoFamilyDoctor,
    Not,
    Period,
    PeriodUnit,
    PriorVisit,
    PriorVisits,
    RegisteredSex,
    Residence,
    Sex,
    Truth,
    UpcomingLimit,
    UpcomingVisit,
    When,
)

truths = st.sampled_from(Truth)

# Visits and births lie so close that birthdays fall between, on 29 February and the 31st too.
visit_dates = st.dates(date(2026, 11, 23), date(2028, 12, 31))
birth_dates = st.one_of(
    st.dates(date(2005, 1, 1), date(2026, 11, 22)),
    st.dates(date(2026, 11, 23), date(2028, 12, 31)),
    st.sampled_from([date(2008, 2, 29), date(2024, 2, 29), date(2026, 10, 31), date(2010, 8, 31)]),
)


@st.composite
def days(draw: st.DrawFn) -> Day:
    return Day(booked_on=draw(visit_dates), visit_on=draw(visit_dates))


SERVICES = ("intake", "walk-in")
ISSUERS = ("CA-QC", "CA-ON")
DOCTORS = ("dr-roy", "dr-cote")
TAGS = ("diabetes", "research-7")
past_dates = st.dates(date(2025, 11, 1), date(2026, 11, 23))
expiries = st.one_of(visit_dates, past_dates, st.sampled_from([None, UNKNOWN]))


def _or_untold(known: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """A fact in its three states."""
    return st.one_of(known, st.sampled_from([None, UNKNOWN]))


def _prior_visits(*, complete: st.SearchStrategy[bool]) -> st.SearchStrategy[PriorVisits]:
    visits = st.lists(st.builds(PriorVisit, st.sampled_from(SERVICES), past_dates), max_size=2)
    return st.builds(PriorVisits, visits=visits, complete=complete)


flags = st.sampled_from([True, False, UNKNOWN])
upcoming_visits = st.lists(
    st.builds(UpcomingVisit, visit_dates, st.sampled_from([*SERVICES, None])), max_size=3
).map(tuple)


def facts(*, has_file: st.SearchStrategy[object] | None = None) -> st.SearchStrategy[Facts]:
    """Facts in any of their states; ``has_file`` narrows the one that marks the identified."""
    cards = st.lists(st.builds(HealthCard, st.sampled_from(ISSUERS), expiries), max_size=2)
    return st.builds(
        Facts,
        has_file=flags if has_file is None else has_file,
        file_number=st.sampled_from(["A-100", None, UNKNOWN]),
        family_doctor=st.sampled_from([*DOCTORS, None, UNKNOWN]),
        family_doctor_elsewhere=flags,
        birth_date=st.one_of(birth_dates, st.sampled_from([None, UNKNOWN])),
        registered_sex=st.sampled_from([*Sex, None, UNKNOWN]),
        tags=_or_untold(st.frozensets(st.sampled_from(TAGS))),
        postal_code=st.sampled_from(["H2X 1Y4", "h2x-3k1", "J8T", None, UNKNOWN]),
        health_cards=_or_untold(cards.map(tuple)),
        upcoming=_or_untold(upcoming_visits),
        last_visit=_or_untold(past_dates),
        prior_visits=_or_untold(_prior_visits(complete=st.booleans())),
        for_dependant=flags,
    )


def identified() -> st.SearchStrategy[Facts]:
    """The facts of a visitor whose file was found."""
    return facts(has_file=st.just(True))


@st.composite
def age_ranges(draw: st.DrawFn) -> AgeRange:
    unit = draw(st.sampled_from(AgeUnit))
    most = {AgeUnit.YEARS: 24, AgeUnit.MONTHS: 60, AgeUnit.WEEKS: 160}[unit]
    low, high = sorted(draw(st.tuples(st.integers(0, most), st.integers(0, most))))
    minimum, maximum = draw(st.sampled_from([(low, high), (low, None), (None, high)]))
    as_of = draw(st.sampled_from(AsOf))
    leap_day = draw(st.sampled_from(LeapDayRule))
    return AgeRange(minimum=minimum, maximum=maximum, unit=unit, as_of=as_of, leap_day=leap_day)


periods = st.one_of(
    st.builds(Period, st.integers(1, 60), st.just(PeriodUnit.DAYS)),
    st.builds(Period, st.integers(1, 12), st.sampled_from([PeriodUnit.WEEKS, PeriodUnit.MONTHS])),
    st.builds(Period, st.integers(1, 2), st.just(PeriodUnit.YEARS)),
)
_service = st.sampled_from([*SERVICES, None])
leaves: st.SearchStrategy[Criterion] = st.one_of(
    st.sampled_from(
        [HasFile(), FileNumberHere(), FamilyDoctorHere(), NoFamilyDoctor(), ForDependant()]
    ),
    st.builds(FamilyDoctorIs, st.lists(st.sampled_from(DOCTORS), min_size=1)),
    st.builds(HasTag, st.sampled_from(TAGS)),
    st.builds(RegisteredSex, st.sampled_from(Sex)),
    age_ranges(),
    st.builds(Residence, st.lists(st.sampled_from(["H2X", "h2x 1", "J"]), min_size=1)),
    st.builds(
        HasHealthCard,
        issuer=st.sampled_from(ISSUERS),
        unexpired=st.booleans(),
        as_of=st.sampled_from(AsOf),
    ),
    st.builds(
        LastVisit,
        when=st.sampled_from(When),
        period=periods,
        service=_service,
        as_of=st.sampled_from(AsOf),
    ),
    st.builds(HadVisitFor, st.sampled_from(SERVICES)),
    st.builds(UpcomingLimit, limit=st.integers(1, 3), service=_service),
    st.builds(MinimumInterval, period=periods, service=_service),
)
"""Every shipped criterion that holds no other."""


@st.composite
def _at_least(draw: st.DrawFn, inner: st.SearchStrategy[Criterion]) -> AtLeast:
    several = draw(st.lists(inner, min_size=1, max_size=3))
    return AtLeast(draw(st.integers(1, len(several))), several)


def _combined(inner: st.SearchStrategy[Criterion]) -> st.SearchStrategy[Criterion]:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        st.builds(AllOf, several),
        st.builds(AnyOf, several),
        st.builds(Not, inner),
        _at_least(inner),
    )


criteria: st.SearchStrategy[Criterion] = st.recursive(
    leaves,
    _combined,
    max_leaves=6,
)

eligibilities: st.SearchStrategy[Eligibility] = st.builds(
    Eligibility,
    inclusions=st.lists(st.lists(criteria, min_size=1, max_size=2), max_size=2),
    exclusions=st.lists(criteria, max_size=2),
)

json_data = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.sampled_from(["kind", "has-file", "age-range", "all-of", "weeks", "visit", "female"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(
                st.sampled_from(
                    ["kind", "criteria", "criterion", "count", "sex", "minimum", "maximum", "unit"]
                ),
                st.text(max_size=5),
                st.integers(),
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)

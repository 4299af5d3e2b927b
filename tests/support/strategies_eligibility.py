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
    FileNumberHere,
    HasFile,
    Not,
    RegisteredSex,
    Sex,
    Truth,
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


def facts(*, has_file: st.SearchStrategy[object] | None = None) -> st.SearchStrategy[Facts]:
    """Facts in any of their states; ``has_file`` narrows the one that marks the identified."""
    return st.builds(
        Facts,
        has_file=st.sampled_from([True, False, UNKNOWN]) if has_file is None else has_file,
        file_number=st.sampled_from(["A-100", None, UNKNOWN]),
        family_doctor=st.sampled_from(["dr-roy", None, UNKNOWN]),
        birth_date=st.one_of(birth_dates, st.sampled_from([None, UNKNOWN])),
        registered_sex=st.sampled_from([*Sex, None, UNKNOWN]),
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
    return AgeRange(minimum=minimum, maximum=maximum, unit=unit, as_of=as_of)


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
    st.one_of(
        st.sampled_from([HasFile(), FileNumberHere(), FamilyDoctorHere()]),
        st.builds(RegisteredSex, st.sampled_from(Sex)),
        age_ranges(),
    ),
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

"""Invented people and their files; small pools, so that things coincide.

Every spelling in a pool stands beside what it is compared as, written by hand: tests that need to
know whether two names or contacts are equal look it up here and do not ask the code under test.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from types import MappingProxyType
from typing import Any

from attrs import evolve, frozen
from hypothesis import strategies as st

from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.facts import HealthCard, PriorVisit, PriorVisits, Sex
from omnibook.health_numbers import HealthNumber
from omnibook.identity import (
    Gender,
    Identity,
    MatchPolicy,
    NumberPolicy,
    Patient,
)
from omnibook.ids import PatientId
from omnibook.names import Folding, PersonName
from omnibook.patient import PlannedVisit


@frozen
class Compared:
    """What a spelling is compared as; ``None`` equals nothing."""

    folded: str | None
    strict: str | None

    def under(self, folding: Folding) -> str | None:
        """What it is compared as under a policy."""
        return self.folded if folding is Folding.FOLDED else self.strict


GIVEN: Mapping[str, Compared] = MappingProxyType(
    {
        "Zoé": Compared("zoe", "zoé"),
        "ZOE\u0301": Compared("zoe", "zoé"),
        "Zoe": Compared("zoe", "zoe"),
        "Ｚｏｅ": Compared("zoe", "zoe"),
        "Marie-Ève": Compared("marieeve", "marie-ève"),
        "Marie  Ève": Compared("marieeve", "marie ève"),
        "marie\u00a0ève": Compared("marieeve", "marie ève"),
        "Marc": Compared("marc", "marc"),
        "-": Compared(None, None),
        "": Compared(None, None),
    }
)
FAMILY: Mapping[str, Compared] = MappingProxyType(
    {
        "D'Amour": Compared("damour", "d'amour"),
        "d\u2019amour": Compared("damour", "d\u2019amour"),
        "D\u2019Amour": Compared("damour", "d\u2019amour"),
        "Damour": Compared("damour", "damour"),
        "Côté": Compared("cote", "côté"),
        "COTE": Compared("cote", "cote"),
        "Cote": Compared("cote", "cote"),
        "?": Compared(None, None),
    }
)
CONTACTS: Mapping[tuple[ContactSystem, str], str] = MappingProxyType(
    {
        (ContactSystem.PHONE, "+15145550123"): "phone a",
        (ContactSystem.PHONE, "+15145550124"): "phone b",
        (ContactSystem.EMAIL, "famille@example.org"): "e-mail a",
        (ContactSystem.EMAIL, "Famille@example.org"): "e-mail a",
        (ContactSystem.EMAIL, "autre@example.com"): "e-mail b",
    }
)
BIRTH_DATES = (date(2004, 12, 19), date(1954, 12, 28))
NUMBERS = (
    HealthNumber("CA-QC", "TREM04621918"),
    HealthNumber("CA-QC", "TEST54122816"),
    HealthNumber("CA-ON", "1234567020"),
    HealthNumber("CA-ON", "1234567020", version="AB"),
)
_DAYS = (date(2026, 11, 23), date(1, 1, 1), date(9999, 12, 31))
_SERVICES = ("follow-up", "Vaccin d'été \u2603")
FACTS: Mapping[str, tuple[object, ...]] = MappingProxyType(
    {
        "language": ("fr", "en"),
        "file_number": ("A-100", 'é"\\\n'),
        "family_doctor": ("dr-roy",),
        "registered_sex": tuple(Sex),
        "family_doctor_elsewhere": (True, False),
        "tags": (frozenset[str](), frozenset({"prenatal", "DIABÈTE", "diabète"})),
        "postal_code": ("H2X 1Y4", "h2x1y4"),
        "health_cards": (
            (),
            (
                HealthCard("CA-QC", _DAYS[0]),
                HealthCard("CA-ON", None),
                HealthCard("CA-QC"),
            ),
        ),
        "upcoming": (
            (),
            (
                PlannedVisit(
                    visit_id="emr-2",
                    start=datetime(2026, 12, 24, 17, 0, 30, 123456, UTC),
                    service=_SERVICES[1],
                ),
                PlannedVisit(visit_id="emr-1", start=datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
            ),
        ),
        "last_visit": _DAYS,
        "prior_visits": tuple(
            PriorVisits(visits=visits, complete=complete)
            for visits in (
                (),
                (PriorVisit(_SERVICES[0], _DAYS[0]), PriorVisit(_SERVICES[1], _DAYS[1])),
            )
            for complete in (True, False)
        ),
    }
)
"""What a file can tell beyond who it is of, by its name in :class:`~omnibook.patient.Patient`."""

NEVER_NONE = frozenset({"family_doctor_elsewhere"})
"""Those which are false where others are known to be none (R21)."""
TYPED_GIVEN = tuple(name for name, compared in GIVEN.items() if compared.folded)
TYPED_FAMILY = tuple(name for name, compared in FAMILY.items() if compared.folded)


def patient_id(number: int) -> PatientId:
    """The identifier of a numbered file."""
    return PatientId(f"file-{number}")


def contact_class(point: ContactPoint) -> str:
    """What a contact of the pool is compared as."""
    return CONTACTS[point.system, point.value]


def _point(of: tuple[ContactSystem, str], rank: int, verified: bool, current: bool) -> ContactPoint:
    system, value = of
    return ContactPoint(system=system, value=value, rank=rank, verified=verified, current=current)


@cache
def contact_points(*, stored: bool) -> st.SearchStrategy[ContactPoint]:
    """A contact of the pool; a stored one may be unverified or outdated."""
    flags = st.sampled_from((True, True, False)) if stored else st.just(value=True)
    return st.builds(
        _point,
        st.sampled_from(tuple(CONTACTS)),
        st.integers(1, 4),
        flags,
        flags,
    )


@cache
def policies() -> st.SearchStrategy[MatchPolicy]:
    """How a clinic recognises its patients: every combination."""
    return st.builds(
        MatchPolicy,
        folding=st.sampled_from(Folding),
        number=st.sampled_from(NumberPolicy),
        unverified_contacts_count=st.booleans(),
        every_contact=st.booleans(),
    )


@cache
def identities() -> st.SearchStrategy[Identity]:
    """Identity forms as read."""
    return st.builds(
        Identity,
        first_name=st.sampled_from(TYPED_GIVEN),
        last_name=st.sampled_from(TYPED_FAMILY),
        birth_date=st.sampled_from(BIRTH_DATES),
        gender=st.sampled_from((Gender.FEMALE, Gender.FEMALE, Gender.MALE, Gender.UNKNOWN)),
        contacts=st.lists(contact_points(stored=False), min_size=1, max_size=2),
        health_number=st.none() | st.sampled_from(NUMBERS),
    )


def _spellings(pool: Mapping[str, Compared]) -> dict[str, st.SearchStrategy[str]]:
    """For each name what folds to the same; under the strict policy some of it differs."""
    return {
        name: st.sampled_from([each for each in pool if pool[each].folded == pool[name].folded])
        for name in pool
    }


# Strategies that are made once: making them anew for each draw takes longer than the drawing.
_SAME_GIVEN, _SAME_FAMILY = _spellings(GIVEN), _spellings(FAMILY)
_OTHER_NAME = st.builds(PersonName, st.sampled_from(tuple(GIVEN)), st.sampled_from(tuple(FAMILY)))


_DETAILS = (
    *("names", "birth_date", "gender", "contacts", "health_numbers"),
    *("state", "state", "merged_into", "merged_into"),
)
_ODD = st.sets(st.sampled_from(_DETAILS), max_size=2) | st.just(
    set(_DETAILS) - {"state", "merged_into"}
)
_OTHER_NAMES = st.lists(_OTHER_NAME, max_size=2)
_POINTS = st.lists(contact_points(stored=True), max_size=2)


@cache
def facts() -> st.SearchStrategy[dict[str, Any]]:
    """What a file tells of itself, each fact in one of its three states (R21); often nothing."""
    states = {
        name: st.sampled_from((*known, *(() if name in NEVER_NONE else (None,))))
        for name, known in FACTS.items()
    }
    nothing: dict[str, Any] = {}
    return st.just(nothing) | st.fixed_dictionaries({}, optional=states)


@st.composite
def files(
    draw: st.DrawFn, identity: Identity, number: int, count: int, *, carried: bool = True
) -> Patient:
    """A file that agrees with the form in all but two details at most, or in nothing special.

    ``count`` is how many files there are to be merged into, and one that does not exist;
    ``carried`` whether the form's number may be on the file.
    """
    odd = draw(_ODD)
    same_given = draw(_SAME_GIVEN[identity.first_name])
    names = [PersonName(same_given, draw(_SAME_FAMILY[identity.last_name]))]
    if "names" in odd:
        names, half = draw(_OTHER_NAMES), draw(st.booleans())
        if names and half:
            names = [PersonName(same_given, names[0].family), names[0]]
    points = draw(_POINTS)
    if "contacts" not in odd:
        points += identity.contacts
    number_typed = identity.health_number
    if "health_numbers" in odd:
        pool = [each for each in NUMBERS if carried or each != number_typed]
        numbers = st.lists(st.sampled_from(pool), max_size=2)
    else:
        numbers = st.just([number_typed] if number_typed is not None and carried else [])
    into = draw(st.integers(0, count).map(patient_id)) if "merged_into" in odd else None
    told = draw(facts())
    return Patient(
        patient_id=patient_id(number),
        names=tuple(names),
        birth_date=draw(st.sampled_from((*BIRTH_DATES, None)))
        if "birth_date" in odd
        else identity.birth_date,
        gender=draw(st.sampled_from(Gender)) if "gender" in odd else identity.gender,
        contacts=tuple(points),
        health_numbers=tuple(draw(numbers)),
        active="state" not in odd or draw(st.booleans()),
        deceased="state" in odd and draw(st.booleans()),
        merged_into=into,
        **told,
    )


@st.composite
def situations(draw: st.DrawFn) -> tuple[Identity, tuple[Patient, ...]]:
    """A form as read, and up to five files, some merged in chains, circles or into nothing."""
    identity = draw(identities())
    count = draw(st.integers(0, 4))
    carried = draw(st.booleans())
    return identity, tuple(
        draw(files(identity, number, count, carried=carried)) for number in range(count)
    )


def _born(file: Patient, born: date | None) -> Patient:
    return evolve(file, birth_date=born, health_numbers=())


def strangers() -> st.SearchStrategy[Patient]:
    """A file without a number, and without a birth date or with one that nobody else has."""
    return st.builds(
        _born,
        identities().flatmap(lambda identity: files(identity, 99, 4)),
        st.sampled_from((None, date(1970, 1, 1))),
    )

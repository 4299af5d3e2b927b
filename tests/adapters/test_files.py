"""Patient files from JSON."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnibook.adapters.files import load_patients, patients_from_json
from omnibook.contacts import ContactSystem
from omnibook.errors import ConfigurationError
from omnibook.facts import UNKNOWN, HealthCard, PriorVisit, PriorVisits, Sex
from omnibook.health_numbers import HealthNumber
from omnibook.names import PersonName
from omnibook.patient import Gender, Patient, PlannedVisit

EXAMPLE = Path(__file__).parents[2] / "examples" / "patients.json"

Data = dict[str, Any]


def read(*patients: object) -> tuple[Patient, ...]:
    return patients_from_json(json.dumps({"patients": patients}))


def mistakes_of(text: object) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        patients_from_json(text)  # type: ignore[arg-type]
    return caught.value.mistakes


def mistakes_in(*patients: object) -> tuple[str, ...]:
    return mistakes_of(json.dumps({"patients": patients}))


FULL: Data = {
    "id": "p-1",
    "names": [{"given": "Marie", "family": "Tremblay"}, {"family": "Roy"}, {"given": "Mimi"}],
    "birth_date": "2004-12-19",
    "gender": "female",
    "registered_sex": "female",
    "contacts": [
        {"system": "phone", "value": "514 555-0123"},
        {"system": "email", "value": "marie@example.org", "verified": False, "current": False},
    ],
    "health_numbers": [{"issuer": "CA-QC", "value": "TREM 0462 1918"}],
    "file_number": "E-1",
    "family_doctor": "gagnon",
    "language": "fr",
    "family_doctor_elsewhere": False,
    "tags": ["diabetes", "research-7"],
    "postal_code": "H2X 1Y4",
    "health_cards": [{"issuer": "CA-QC", "expires_on": "2027-01-31"}, {"issuer": "CA-ON"}],
    "upcoming": [{"id": "v-1", "start": "2026-12-24T09:00:00-05:00", "service": "intake"}],
    "last_visit": "2026-10-01",
    "prior_visits": [{"service": "intake", "on": "2026-10-01"}],
}

# Laws --------------------------------------------------------------------------------------------

SECRET = "Zébulon-Xyzzy"

JUNK = st.recursive(
    st.one_of(
        st.just(SECRET),
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=True),
        st.text(max_size=8),
        st.sampled_from(["phone", "email", "2004-12-19", "female", "CA-QC", "\ud800"]),
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*FULL, "system", "value"]), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(JUNK, st.sampled_from([*FULL, "merged_into", "active", "deceased", SECRET]))
def test_whatever_a_file_holds_it_is_read_or_refused_without_repeating_it(
    junk: object, key: str
) -> None:
    """No personal value in an error."""
    for patients in (junk, [junk], [{**FULL, key: junk}]):
        try:
            read_all = patients_from_json(json.dumps({"patients": patients}))
        except ConfigurationError as error:
            found = str(error)
        else:
            found = repr(read_all)
        assert "Xyzzy" not in found
        assert "Tremblay" not in found


@given(st.text() | st.binary() | st.none())
def test_whatever_is_no_json_table_is_a_configuration_error(text: object) -> None:
    assert mistakes_of(text)


# Examples ----------------------------------------------------------------------------------------


def test_a_file_is_read_whole() -> None:
    (patient,) = read(FULL)
    assert patient.patient_id == "p-1"
    assert patient.names == (
        PersonName("Marie", "Tremblay"),
        PersonName("", "Roy"),
        PersonName("Mimi", ""),
    )
    assert patient.birth_date == date(2004, 12, 19)
    assert patient.gender is Gender.FEMALE
    assert patient.registered_sex is Sex.FEMALE
    assert [(p.system, p.value, p.rank) for p in patient.contacts] == [
        (ContactSystem.PHONE, "+15145550123", 1),
        (ContactSystem.EMAIL, "marie@example.org", 2),
    ]
    assert [(p.verified, p.current) for p in patient.contacts] == [(True, True), (False, False)]
    assert patient.health_numbers == (HealthNumber("CA-QC", "TREM04621918"),)
    assert (patient.file_number, patient.family_doctor) == ("E-1", "gagnon")
    assert patient.language == "fr"
    assert patient.is_live
    assert patient.family_doctor_elsewhere is False
    assert patient.tags == frozenset({"diabetes", "research-7"})
    assert patient.postal_code == "H2X 1Y4"
    assert patient.health_cards == (
        HealthCard("CA-QC", date(2027, 1, 31)),
        HealthCard("CA-ON", UNKNOWN),
    )
    assert patient.upcoming == (
        PlannedVisit(
            visit_id="v-1", start=datetime(2026, 12, 24, 14, tzinfo=UTC), service="intake"
        ),
    )
    assert patient.last_visit == date(2026, 10, 1)
    assert patient.prior_visits == PriorVisits(visits=[PriorVisit("intake", date(2026, 10, 1))])


_FACTS = ("tags", "postal_code", "health_cards", "upcoming", "last_visit", "prior_visits")


@pytest.mark.parametrize("name", _FACTS)
def test_a_fact_that_is_null_is_known_to_be_none_and_left_out_it_is_unknown(name: str) -> None:
    """R21."""
    (none,) = read({**FULL, name: None})
    assert getattr(none, name) is None
    (silent,) = read({key: value for key, value in FULL.items() if key != name})
    assert getattr(silent, name) is UNKNOWN


def test_what_is_told_of_visits_and_cards_is_refused_where_it_cannot_be() -> None:
    told = mistakes_in(
        {
            "id": "a",
            "upcoming": [
                {"id": "v-1", "start": "2026-12-24T09:00:00"},
                {"id": "v-2", "start": "2026-02-30T09:00:00Z"},
                {"id": "v-3", "start": 5, "service": 5},
                {"id": "v-4"},
            ],
            "prior_visits": [{"service": "intake"}, {"service": "intake", "on": "x"}],
            "health_cards": [{"issuer": "CA-QC", "expires_on": "soon"}, {"expires_on": None}],
            "tags": ["", "a", "a"],
        }
    )
    assert [one.partition(":")[0] for one in told] == [
        "patients[0].tags[0]",
        "patients[0].tags[2]",
        "patients[0].health_cards[0].expires_on",
        "patients[0].health_cards[1].issuer",
        "patients[0].upcoming[0].start",
        "patients[0].upcoming[1].start",
        "patients[0].upcoming[2].service",
        "patients[0].upcoming[2].start",
        "patients[0].upcoming[3].start",
        "patients[0].prior_visits[0].on",
        "patients[0].prior_visits[1].on",
    ]


def test_what_is_left_out_is_unknown_and_null_is_none() -> None:
    """R21."""
    silent, told = read(
        {"id": "a"},
        {"id": "b", "file_number": None, "family_doctor": None, "registered_sex": None},
    )
    assert silent.file_number is UNKNOWN
    assert silent.family_doctor is UNKNOWN
    assert silent.registered_sex is UNKNOWN
    assert silent.birth_date is None
    assert silent.gender is Gender.UNKNOWN
    assert silent.contacts == ()
    assert (told.file_number, told.family_doctor, told.registered_sex) == (None, None, None)


def test_a_merged_file_names_its_survivor() -> None:
    """R9."""
    merged, survivor = read({"id": "a", "merged_into": "b"}, {"id": "b", "deceased": True})
    assert merged.merged_into == survivor.patient_id
    assert survivor.deceased
    assert mistakes_in({"id": "a", "merged_into": "c"}) == (
        "patients[0].merged_into: is the id of no file here; give the survivor's id",
    )


def test_every_mistake_is_reported_at_once_and_repeats_nothing() -> None:
    found = mistakes_in(
        {
            "id": "a b",
            "names": [{}, {"given": "Marie", "famly": "Tremblay"}],
            "birth_date": "19/12/2004",
            "gender": "girl",
            "registered_sex": "x",
            "contacts": [
                {"system": "phone", "value": "12"},
                {"system": "fax", "value": "514 555-0123"},
                {"value": "marie@example.org"},
            ],
            "health_numbers": [
                {"issuer": "CA-QC", "value": "TREM04621919"},
                {"issuer": "XX", "value": "TREM04621918"},
            ],
            "active": "yes",
            "language": "de",
            "file_number": 5,
        },
        {"id": "b"},
        {"id": "b"},
    )
    assert [mistake.split(":")[0] for mistake in found] == [
        "patients[0].id",
        "patients[0].names[0].family",
        "patients[0].names[1]",
        "patients[0].birth_date",
        "patients[0].gender",
        "patients[0].contacts[0].value",
        "patients[0].contacts[1].system",
        "patients[0].contacts[2].system",
        "patients[0].health_numbers[0].value",
        "patients[0].health_numbers[1].issuer",
        "patients[0].active",
        "patients[0].language",
        "patients[0].file_number",
        "patients[0].registered_sex",
        "patients[2].id",
    ]
    for value in ("Marie", "Tremblay", "19/12", "girl", "555", "marie", "TREM", "yes", "'de'"):
        assert value not in "".join(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file: is not JSON (line 1, column 1)"),
        ('{"patients": [}', "the file: is not JSON (line 1, column 15)"),
        ("[" * 100_000, "the file: is not JSON that can be read"),
        ("9" * 5_000, "the file: is not JSON that can be read"),
        ("[]", 'the file: must be a table, not a list; write { "patients"'),
        ("{}", "patients: missing"),
        ('{"patients": 5}', "patients: must be a list"),
        ('{"patients": [5]}', "patients[0]: must be a table"),
        ('{"patients": [], "x": 1}', "the file: unknown key; use one of patients"),
    ],
)
def test_what_is_no_list_of_files_is_refused(text: str, said: str) -> None:
    (mistake,) = mistakes_of(text)
    assert mistake.startswith(said)


def test_phones_without_a_country_code_are_of_the_region() -> None:
    contact = {"system": "phone", "value": "01 99 00 12 34"}
    (patient,) = patients_from_json(
        json.dumps({"patients": [{"id": "a", "contacts": [contact]}]}), region="FR"
    )
    assert patient.contacts[0].value == "+33199001234"


def test_the_example_files_are_as_varied_as_life() -> None:
    patients = load_patients(EXAMPLE)
    assert len(patients) == 30
    marie = patients[0]
    assert marie.names == (PersonName("Marie", "Tremblay"),)
    assert marie.main_contact is not None
    assert marie.main_contact.value == "+15145550123"
    assert [point.value for point in marie.contacts][1:] == ["marie@example.org"]
    assert marie.family_doctor == "gagnon"
    assert marie.health_numbers == (HealthNumber("CA-QC", "TREM04621918"),)
    twins = [patient for patient in patients if patient.birth_date == marie.birth_date]
    assert len(twins) == 2
    assert sum(not patient.active for patient in patients) == 1
    assert sum(patient.deceased for patient in patients) == 1
    assert sum(patient.merged_into is not None for patient in patients) == 1
    assert any(patient.contacts == () for patient in patients)
    assert {each.issuer for patient in patients for each in patient.health_numbers} == {
        "CA-QC",
        "CA-ON",
    }
    assert any(patient.gender is Gender.OTHER for patient in patients)
    shared = [point.value for patient in patients for point in patient.contacts]
    assert len(set(shared)) < len(shared)


def test_a_file_that_cannot_be_read_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_patients(tmp_path / "none.json")

"""Examples of identification: reading the form, recognising a file (R2–R11)."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from attrs import evolve

from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.errors import InvalidValue
from omnibook.facts import UNKNOWN, Facts, HealthCard, Sex
from omnibook.health_numbers import HealthNumber
from omnibook.identity import (
    ActingFor,
    EntryRules,
    Gender,
    Identity,
    IdentityKeys,
    Match,
    MatchCause,
    MatchPolicy,
    NumberPolicy,
    Patient,
    candidates_among,
    identify,
    matches_keys,
    parse_terms,
)
from omnibook.ids import PatientId
from omnibook.names import Folding, PersonName
from omnibook.problems import InvalidEntry, Problem, ProblemCode
from omnibook.testing.strategies.forms import BASE, RULES, TODAY

PHONE = ContactPoint(system=ContactSystem.PHONE, value="+15145550123")
EMAIL = ContactPoint(system=ContactSystem.EMAIL, value="marie@example.org", rank=2)
NUMBER = HealthNumber("CA-QC", "TREM04621918")
OTHER_NUMBER = HealthNumber("CA-QC", "TEST54122816")
ONTARIO_NUMBER = HealthNumber("CA-ON", "1234567020")
BORN = date(2004, 12, 19)

MARIE = Patient(
    patient_id=PatientId("marie"),
    names=(PersonName("Marie", "Tremblay"),),
    birth_date=BORN,
    gender=Gender.FEMALE,
    contacts=(EMAIL, PHONE),
    health_numbers=(NUMBER,),
)
WITH_NUMBER = Identity(
    first_name="Marie",
    last_name="Tremblay",
    birth_date=BORN,
    gender=Gender.FEMALE,
    contacts=(PHONE, EMAIL),
    health_number=NUMBER,
)
WITHOUT_NUMBER = evolve(WITH_NUMBER, health_number=None)
DEFAULT = MatchPolicy()


def cause(identity: Identity, *files: Patient, policy: MatchPolicy = DEFAULT) -> MatchCause:
    return identify(identity, files, policy).cause


def recognised(
    identity: Identity, *files: Patient, policy: MatchPolicy = DEFAULT
) -> PatientId | None:
    patient = identify(identity, files, policy).patient
    return None if patient is None else patient.patient_id


def codes(entry: Identity | InvalidEntry) -> list[tuple[str, str]]:
    assert isinstance(entry, InvalidEntry)
    return [(problem.field, problem.code.value) for problem in entry.problems]


# Reading the form --------------------------------------------------------------------------------


def test_a_full_form_is_read_into_canonical_values() -> None:
    """R3, R4: the phone first, then the e-mail; for oneself unless it says otherwise."""
    assert BASE.parse(RULES, today=TODAY) == WITH_NUMBER


def test_an_empty_form_lacks_every_required_field_and_a_contact() -> None:
    """R3, R11."""
    empty = evolve(
        BASE,
        first_name="",
        last_name=None,
        birth_date=" ",
        gender="",
        cell_phone="",
        email=None,
        health_number="",
        acting_for="",
    )
    assert codes(empty.parse(RULES, today=TODAY)) == [
        ("first_name", "entry.missing"),
        ("last_name", "entry.missing"),
        ("birth_date", "entry.missing"),
        ("gender", "entry.missing"),
        ("cell_phone", "contact.required"),
    ]


def test_a_malformed_phone_beside_no_e_mail_is_one_problem_not_two() -> None:
    """R11: a contact is only asked for when none was typed."""
    form = evolve(BASE, cell_phone="12", email="")
    assert codes(form.parse(RULES, today=TODAY)) == [("cell_phone", "phone.malformed")]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("2023-02-29", "birth-date.malformed"),
        ("0000-01-01", "birth-date.malformed"),
        ("20041219", "birth-date.malformed"),
        ("2004-W51-7", "birth-date.malformed"),
        ("19/12/2004", "birth-date.malformed"),
        ("２００４-12-19", "birth-date.malformed"),
        ("2004-12-19T00:00", "birth-date.malformed"),
        ("2026-11-24", "birth-date.future"),
        (date(2026, 11, 24), "birth-date.future"),
        ("1896-11-22", "birth-date.too-old"),
        (date(1, 1, 1), "birth-date.too-old"),
        (datetime(2004, 12, 19, tzinfo=UTC), "entry.wrong-type"),
        (20041219, "entry.wrong-type"),
        ("2004-12-19\x00", "entry.control-characters"),
        ("1" * 10_000, "entry.too-long"),
    ],
)
def test_an_impossible_birth_date_is_told_precisely(typed: object, code: str) -> None:
    """R11."""
    assert codes(evolve(BASE, birth_date=typed).parse(RULES, today=TODAY)) == [("birth_date", code)]


@pytest.mark.parametrize(
    ("born", "today", "accepted"),
    [
        (date(1896, 11, 23), TODAY, True),
        (date(1896, 11, 22), TODAY, False),
        # Nobody turns 130 on a 29 February that does not exist: 1 March is the birthday.
        (date(1896, 2, 29), date(2026, 3, 1), True),
        (date(1896, 2, 29), date(2026, 3, 2), False),
        (TODAY, TODAY, True),
    ],
)
def test_nobody_is_over_130_and_everybody_is_born(born: date, today: date, accepted: bool) -> None:
    """R11: the 130th birthday is still possible, the day after is over 130 years."""
    form = evolve(BASE, birth_date=born, acting_for="parent", health_number=None)
    assert isinstance(form.parse(RULES, today=today), Identity) == accepted


@pytest.mark.parametrize(
    ("born", "acting_for", "code"),
    [
        ("2012-11-24", "self", "acting-for.required"),
        ("2012-11-24", "", "acting-for.required"),
        ("2012-11-24", "parent", None),
        ("2012-11-24", "tutor", None),
        ("2012-11-23", "self", None),
        ("2012-11-24", "friend", "acting-for.malformed"),
    ],
)
def test_under_14_somebody_acts_for_the_patient(
    born: str, acting_for: str, code: str | None
) -> None:
    """R3: 14 completed years on the day."""
    form = evolve(BASE, birth_date=born, acting_for=acting_for)
    read = form.parse(RULES, today=TODAY)
    if code is None:
        assert isinstance(read, Identity)
        assert read.acting_for is ActingFor(acting_for)
    else:
        assert codes(read) == [("acting_for", code)]


def test_the_age_for_acting_alone_is_the_clinics() -> None:
    """R3: policy; the problem says the age."""
    form = evolve(BASE, birth_date="2010-11-24")
    read = form.parse(evolve(RULES, self_minimum_age=18), today=TODAY)
    assert isinstance(read, InvalidEntry)
    assert dict(read.problems[0].details) == {"limit": 18}


def test_a_number_that_codes_another_birth_date_and_sex_is_not_malformed() -> None:
    """R11: only the file judges it (R6, R7)."""
    form = evolve(BASE, health_number="TEST 5412 2816")
    read = form.parse(RULES, today=TODAY)
    assert isinstance(read, Identity)
    assert read.health_number == OTHER_NUMBER


def test_the_issuer_is_the_clinics_unless_the_form_names_another() -> None:
    """R4."""
    form = evolve(BASE, health_number="1234 567 020", health_number_issuer="CA-ON")
    read = form.parse(RULES, today=TODAY)
    assert isinstance(read, Identity)
    assert read.health_number == ONTARIO_NUMBER
    left_out = evolve(form, health_number_issuer=" ").parse(RULES, today=TODAY)
    assert codes(left_out) == [("health_number", "health-number.malformed")]


def test_a_number_and_its_issuer_are_both_told_when_both_are_wrong() -> None:
    """R11: all at once."""
    form = evolve(BASE, health_number="TREM\x000462 1918", health_number_issuer=7)
    assert codes(form.parse(RULES, today=TODAY)) == [
        ("health_number", "entry.control-characters"),
        ("health_number_issuer", "entry.wrong-type"),
    ]
    unknown = evolve(BASE, health_number_issuer="CA-XX").parse(RULES, today=TODAY)
    assert codes(unknown) == [("health_number_issuer", "health-number.issuer-unknown")]


def test_an_issuer_without_a_number_is_not_looked_at() -> None:
    """R4: a page's list of issuers is sent whether or not a number is."""
    form = evolve(BASE, health_number=None, health_number_issuer=object())
    assert form.parse(RULES, today=TODAY) == WITHOUT_NUMBER


def test_today_is_a_date_without_a_time() -> None:
    with pytest.raises(InvalidValue, match="today"):
        BASE.parse(RULES, today=datetime(2026, 11, 23, tzinfo=UTC))


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        ({"region": "ca"}, "region"),
        ({"issuer": "CA-XX"}, "issuer"),
        ({"self_minimum_age": -1}, "self_minimum_age"),
        ({"self_minimum_age": True}, "self_minimum_age"),
    ],
)
def test_rules_that_cannot_be_are_refused(wrong: dict[str, Any], names: str) -> None:
    given: dict[str, Any] = {"region": "CA", "issuer": "CA-QC", "self_minimum_age": 14}
    with pytest.raises(InvalidValue, match=names):
        EntryRules(**{**given, **wrong})


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        ("2026-01", None),
        (None, Problem(ProblemCode.TERMS_NOT_ACCEPTED, "terms")),
        (" \n", Problem(ProblemCode.TERMS_NOT_ACCEPTED, "terms")),
        (True, Problem(ProblemCode.TERMS_NOT_ACCEPTED, "terms")),
        ("2025-06", Problem(ProblemCode.TERMS_OUTDATED, "terms", {"current": "2026-01"})),
        ("2026-01 ", Problem(ProblemCode.TERMS_OUTDATED, "terms", {"current": "2026-01"})),
    ],
)
def test_only_the_current_terms_can_be_accepted(version: object, problem: Problem | None) -> None:
    """R2."""
    assert parse_terms(version, current="2026-01") == problem


# Files -------------------------------------------------------------------------------------------


def test_contacts_of_a_file_stand_in_one_order_and_the_first_current_one_is_the_main() -> None:
    """R43: position 1 over phones and e-mails together."""
    assert MARIE.contacts == (PHONE, EMAIL)
    assert MARIE.main_contact == PHONE
    assert evolve(MARIE, contacts=(evolve(PHONE, current=False), EMAIL)).main_contact == EMAIL
    assert evolve(MARIE, contacts=()).main_contact is None


def test_a_live_file_has_facts_and_any_other_has_none() -> None:
    """R13, R21: what the directory does not tell stays unknown."""
    file = evolve(MARIE, file_number=None, family_doctor="dr-roy", registered_sex=Sex.FEMALE)
    assert file.facts == Facts(
        has_file=True,
        file_number=None,
        family_doctor="dr-roy",
        birth_date=BORN,
        registered_sex=Sex.FEMALE,
        health_cards=(HealthCard("CA-QC"),),
    )
    assert evolve(file, birth_date=None).facts.birth_date is UNKNOWN
    over = (
        evolve(file, active=False),
        evolve(file, deceased=True),
        evolve(file, merged_into=PatientId("x")),
    )
    assert all(each.facts == Facts.none() for each in over)


@pytest.mark.parametrize(
    "wrong",
    [
        {"patient_id": ""},
        {"patient_id": 7},
        {"birth_date": datetime(2004, 12, 19, tzinfo=UTC)},
        {"gender": "female"},
        {"file_number": " "},
        {"registered_sex": "female"},
    ],
)
def test_a_file_that_cannot_be_is_refused_without_repeating_it(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue) as raised:
        evolve(MARIE, **wrong)
    assert "2004" not in str(raised.value)


@pytest.mark.parametrize(
    "wrong", [{"contacts": ()}, {"birth_date": datetime(2004, 12, 19, tzinfo=UTC)}]
)
def test_an_identity_has_a_contact_and_a_plain_birth_date(wrong: dict[str, Any]) -> None:
    """R3."""
    with pytest.raises(InvalidValue):
        evolve(WITH_NUMBER, **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"folding": "strict"},
        {"number": "alone"},
        {"unverified_contacts_count": 1},
        {"every_contact": 1},
    ],
)
def test_a_policy_is_made_of_its_own_words(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        MatchPolicy(**wrong)


def test_a_match_has_a_patient_and_a_miss_has_none() -> None:
    with pytest.raises(InvalidValue):
        Match(patient=None, cause=MatchCause.BY_NUMBER)
    with pytest.raises(InvalidValue):
        Match(patient=MARIE, cause=MatchCause.NO_FILE)


# Without a number --------------------------------------------------------------------------------


def test_everything_that_agrees_recognises_a_file() -> None:
    """R5: one contact is enough."""
    assert cause(WITHOUT_NUMBER, MARIE) is MatchCause.BY_DETAILS
    assert recognised(evolve(WITHOUT_NUMBER, contacts=(EMAIL,)), MARIE) == "marie"
    assert cause(WITHOUT_NUMBER) is MatchCause.NO_FILE


@pytest.mark.parametrize(
    "other",
    [
        {"first_name": "Maryse"},
        {"last_name": "Tremblé"},
        {"birth_date": date(2004, 12, 18)},
        {"gender": Gender.OTHER},
        {"contacts": (evolve(PHONE, value="+15145550199"),)},
    ],
)
def test_one_detail_that_differs_is_enough_to_miss(other: dict[str, Any]) -> None:
    """R5."""
    assert cause(evolve(WITHOUT_NUMBER, **other), MARIE) is MatchCause.NO_FILE


def test_folding_is_the_clinics_reading_of_a_hundred_percent() -> None:
    """R5: diacritics and punctuation, but nothing phonetic."""
    file = evolve(MARIE, names=(PersonName("Marie-Ève", "L\u2019Écuyer"),))
    typed = evolve(WITHOUT_NUMBER, first_name="MARIE EVE", last_name="l'ecuyer")
    strict = MatchPolicy(folding=Folding.STRICT)
    assert cause(typed, file) is MatchCause.BY_DETAILS
    assert cause(typed, file, policy=strict) is MatchCause.NO_FILE
    exactly = evolve(typed, first_name="marie-ève", last_name="l\u2019écuyer")
    assert cause(exactly, file, policy=strict) is MatchCause.BY_DETAILS


def test_given_and_family_name_come_from_the_same_recorded_name() -> None:
    """R5."""
    file = evolve(MARIE, names=(PersonName("Marie", "Roy"), PersonName("Anne", "Tremblay")))
    assert cause(WITHOUT_NUMBER, file) is MatchCause.NO_FILE
    assert cause(evolve(WITHOUT_NUMBER, last_name="Roy"), file) is MatchCause.BY_DETAILS


def test_an_unknown_gender_equals_nothing() -> None:
    """R5: not even another unknown one."""
    unknown = evolve(WITHOUT_NUMBER, gender=Gender.UNKNOWN)
    file = evolve(MARIE, gender=Gender.UNKNOWN)
    assert cause(unknown, file) is MatchCause.NO_FILE
    assert cause(unknown, MARIE) is MatchCause.NO_FILE
    assert cause(WITHOUT_NUMBER, file) is MatchCause.NO_FILE


def test_twins_who_share_all_but_their_given_name_are_told_apart() -> None:
    """R5."""
    anne = evolve(
        MARIE,
        patient_id=PatientId("anne"),
        names=(PersonName("Anne", "Tremblay"),),
        health_numbers=(),
    )
    assert recognised(WITHOUT_NUMBER, MARIE, anne) == "marie"
    assert recognised(evolve(WITHOUT_NUMBER, first_name="Anne"), MARIE, anne) == "anne"


def test_a_family_that_shares_an_e_mail_is_told_apart_by_birth_date() -> None:
    """R5: mother and daughter of one name."""
    mother = evolve(
        MARIE, patient_id=PatientId("mother"), birth_date=date(1975, 3, 2), health_numbers=()
    )
    by_email = evolve(WITHOUT_NUMBER, contacts=(EMAIL,))
    assert recognised(by_email, MARIE, mother) == "marie"
    assert recognised(evolve(by_email, birth_date=date(1975, 3, 2)), MARIE, mother) == "mother"


def test_an_unverified_contact_identifies_nobody_unless_policy_says_so() -> None:
    """R8."""
    file = evolve(MARIE, contacts=(evolve(PHONE, verified=False),))
    assert cause(WITHOUT_NUMBER, file) is MatchCause.CONTACT_UNVERIFIED
    trusting = MatchPolicy(unverified_contacts_count=True)
    assert cause(WITHOUT_NUMBER, file, policy=trusting) is MatchCause.BY_DETAILS


def test_an_outdated_contact_identifies_nobody_under_any_policy() -> None:
    """R8."""
    file = evolve(MARIE, contacts=(evolve(PHONE, current=False),))
    trusting = MatchPolicy(unverified_contacts_count=True)
    assert cause(WITHOUT_NUMBER, file) is MatchCause.NO_FILE
    assert cause(WITHOUT_NUMBER, file, policy=trusting) is MatchCause.NO_FILE


# With a number -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("differs", "alone", "corroborated", "with_contact"),
    [
        ({}, True, True, True),
        ({"gender": Gender.OTHER}, True, True, True),
        (
            {"last_name": "Roy", "contacts": (evolve(PHONE, value="+15145550199"),)},
            True,
            True,
            False,
        ),
        ({"first_name": "M.", "last_name": "Roy"}, True, True, True),
        ({"birth_date": date(2005, 12, 19)}, True, False, False),
        (
            {
                "first_name": "M.",
                "last_name": "Roy",
                "contacts": (evolve(PHONE, value="+15145550199"),),
            },
            True,
            False,
            False,
        ),
    ],
)
def test_what_must_agree_beside_the_number_is_a_policy(
    differs: dict[str, Any], alone: bool, corroborated: bool, with_contact: bool
) -> None:
    """R6: what is too little is a conflict."""
    typed = evolve(WITH_NUMBER, **differs)
    for policy, content in (
        (NumberPolicy.ALONE, alone),
        (NumberPolicy.CORROBORATED, corroborated),
        (NumberPolicy.WITH_CONTACT, with_contact),
    ):
        expected = MatchCause.BY_NUMBER if content else MatchCause.NUMBER_CONFLICT
        assert cause(typed, MARIE, policy=MatchPolicy(number=policy)) is expected


def test_the_version_code_is_no_part_of_the_number() -> None:
    """R6."""
    file = evolve(MARIE, health_numbers=(HealthNumber("CA-ON", "1234567020", version="AB"),))
    typed = evolve(WITH_NUMBER, health_number=evolve(ONTARIO_NUMBER, version="ZZ"))
    assert cause(typed, file) is MatchCause.BY_NUMBER


def test_a_child_seen_with_a_parents_card_is_a_conflict() -> None:
    """R6: the number is found, with another birth date; nothing is looked for by names."""
    child = evolve(
        MARIE, patient_id=PatientId("child"), birth_date=date(2026, 5, 1), health_numbers=()
    )
    typed = evolve(WITH_NUMBER, birth_date=date(2026, 5, 1), acting_for=ActingFor.PARENT)
    assert cause(typed, MARIE, child) is MatchCause.NUMBER_CONFLICT
    without = evolve(typed, health_number=None)
    assert recognised(without, MARIE, child) == "child"


def test_a_contact_that_staff_have_not_verified_does_not_corroborate() -> None:
    """R6, R8."""
    file = evolve(MARIE, contacts=(evolve(PHONE, verified=False),))
    policy = MatchPolicy(number=NumberPolicy.WITH_CONTACT)
    assert cause(WITH_NUMBER, file, policy=policy) is MatchCause.CONTACT_UNVERIFIED
    trusting = evolve(policy, unverified_contacts_count=True)
    assert cause(WITH_NUMBER, file, policy=trusting) is MatchCause.BY_NUMBER


def test_a_clinic_may_want_each_contact_of_the_form_to_agree() -> None:
    """R8: "policy can demand more"; what is not verified still does not count."""
    other = ContactPoint(system=ContactSystem.EMAIL, value="other@example.org")
    form = evolve(WITHOUT_NUMBER, contacts=(PHONE, other))
    demanding = MatchPolicy(every_contact=True)
    assert cause(form, evolve(MARIE, contacts=(PHONE,))) is MatchCause.BY_DETAILS
    assert cause(form, evolve(MARIE, contacts=(PHONE,)), policy=demanding) is MatchCause.NO_FILE
    both = evolve(MARIE, contacts=(PHONE, other))
    assert cause(form, both, policy=demanding) is MatchCause.BY_DETAILS
    unsure = evolve(MARIE, contacts=(PHONE, evolve(other, verified=False)))
    assert cause(form, unsure, policy=demanding) is MatchCause.CONTACT_UNVERIFIED


def test_a_number_on_no_file_falls_back_to_the_details() -> None:
    """R7."""
    assert cause(WITH_NUMBER, evolve(MARIE, health_numbers=())) is MatchCause.BY_DETAILS


def test_another_number_of_the_same_issuer_is_a_conflict_of_another_issuer_is_none() -> None:
    """R7."""
    same = evolve(MARIE, health_numbers=(OTHER_NUMBER,))
    assert cause(WITH_NUMBER, same) is MatchCause.OTHER_NUMBER
    other = evolve(MARIE, health_numbers=(ONTARIO_NUMBER,))
    assert cause(WITH_NUMBER, other) is MatchCause.BY_DETAILS
    # Without a number typed, the file's own plays no part.
    assert cause(WITHOUT_NUMBER, same) is MatchCause.BY_DETAILS


def test_a_number_on_two_live_files_identifies_nobody() -> None:
    """R9: not even when only one of them agrees with the rest."""
    stranger = evolve(MARIE, patient_id=PatientId("x"), birth_date=date(1950, 1, 1), names=())
    assert cause(WITH_NUMBER, MARIE, stranger) is MatchCause.SEVERAL_FILES


# Files that are not live -------------------------------------------------------------------------


def test_several_files_that_agree_identify_nobody() -> None:
    """R9."""
    double = evolve(MARIE, patient_id=PatientId("double"))
    assert cause(WITHOUT_NUMBER, MARIE, double) is MatchCause.SEVERAL_FILES


def test_a_deceased_or_inactive_file_identifies_nobody() -> None:
    """R9."""
    for typed in (WITH_NUMBER, WITHOUT_NUMBER):
        assert cause(typed, evolve(MARIE, deceased=True)) is MatchCause.DECEASED
        assert cause(typed, evolve(MARIE, active=False)) is MatchCause.INACTIVE
        both = evolve(MARIE, deceased=True, active=False)
        assert cause(typed, both) is MatchCause.DECEASED


def test_a_number_on_a_deceased_file_is_not_looked_for_by_details() -> None:
    """R7: the number is on a file, whatever became of it."""
    deceased = evolve(MARIE, patient_id=PatientId("old"), deceased=True)
    assert cause(WITH_NUMBER, deceased, evolve(MARIE, health_numbers=())) is MatchCause.DECEASED


def test_an_inactive_double_does_not_stand_in_the_way_of_the_live_file() -> None:
    """R9: only live files count as several."""
    double = evolve(MARIE, patient_id=PatientId("double"), active=False)
    assert recognised(WITH_NUMBER, MARIE, double) == "marie"
    assert recognised(WITHOUT_NUMBER, MARIE, double) == "marie"


def _merged(name: str, into: str) -> Patient:
    return evolve(MARIE, patient_id=PatientId(name), merged_into=PatientId(into))


def test_merged_files_lead_to_their_survivor_which_is_counted_once() -> None:
    """R9: through a chain, and though the survivor itself agrees too."""
    chain = (_merged("first", "second"), _merged("second", "marie"))
    for typed in (WITH_NUMBER, WITHOUT_NUMBER):
        assert recognised(typed, *chain, MARIE) == "marie"


def test_a_merged_file_is_judged_on_its_own_details() -> None:
    """R9: an old name and phone still lead to the survivor; a mixture of two records does not."""
    married = evolve(
        MARIE,
        names=(PersonName("Marie", "Roy"),),
        contacts=(evolve(EMAIL, value="mroy@example.com"),),
        health_numbers=(),
    )
    old = _merged("old", "marie")
    assert recognised(WITH_NUMBER, old, married) == "marie"
    assert recognised(WITHOUT_NUMBER, old, married) == "marie"
    mixed = evolve(WITHOUT_NUMBER, last_name="Roy")
    assert cause(mixed, old, married) is MatchCause.NO_FILE


def test_the_survivor_corroborates_the_number_of_a_merged_file() -> None:
    """R6, R9: the number stands on the old record, whose birth date was mistyped."""
    old = evolve(_merged("old", "marie"), birth_date=date(2004, 12, 9))
    assert recognised(WITH_NUMBER, old, evolve(MARIE, health_numbers=())) == "marie"


def test_another_number_on_the_record_or_its_survivor_is_a_conflict() -> None:
    """R7, R9."""
    old, survivor = _merged("old", "marie"), evolve(MARIE, names=())
    other, none = (OTHER_NUMBER,), ()
    for on_old, on_survivor in ((other, none), (none, other)):
        files = (
            evolve(old, health_numbers=on_old),
            evolve(survivor, health_numbers=on_survivor),
        )
        assert cause(WITH_NUMBER, *files) is MatchCause.OTHER_NUMBER


def test_a_merge_that_leads_nowhere_identifies_nobody() -> None:
    """R9: a circle, a file merged into itself, a survivor that is missing; alone or not."""
    circle = (_merged("a", "b"), _merged("b", "c"), _merged("c", "b"))
    for broken in (circle, (_merged("a", "a"),), (_merged("a", "gone"),)):
        for typed in (WITH_NUMBER, WITHOUT_NUMBER):
            assert cause(typed, *broken) is MatchCause.MERGE_BROKEN
            assert cause(typed, *broken, MARIE) is MatchCause.MERGE_BROKEN


def test_a_merged_file_with_a_deceased_or_inactive_survivor_identifies_nobody() -> None:
    """R9."""
    old = _merged("old", "marie")
    assert cause(WITHOUT_NUMBER, old, evolve(MARIE, deceased=True)) is MatchCause.DECEASED
    assert cause(WITHOUT_NUMBER, old, evolve(MARIE, active=False)) is MatchCause.INACTIVE


# What a directory is asked -----------------------------------------------------------------------


def test_the_keys_of_a_form_find_a_file_by_number_or_by_birth_date_and_contact() -> None:
    """R5, R6: unverified and outdated contacts are asked for too, so that staff learn the cause."""
    keys = IdentityKeys.of(WITH_NUMBER)
    by_number = evolve(MARIE, birth_date=None, contacts=())
    by_contact = evolve(
        MARIE, health_numbers=(), contacts=(evolve(PHONE, verified=False, current=False),)
    )
    assert matches_keys(by_number, keys)
    assert matches_keys(by_contact, keys)
    assert matches_keys(evolve(by_contact, deceased=True), keys)
    assert matches_keys(evolve(by_contact, merged_into=PatientId("x")), keys)
    assert not matches_keys(evolve(by_contact, birth_date=date(2004, 12, 18)), keys)
    assert not matches_keys(evolve(by_contact, contacts=()), keys)
    assert not matches_keys(by_number, IdentityKeys.of(WITHOUT_NUMBER))


def test_the_candidates_include_every_survivor_once() -> None:
    """R9: to the end of the chain, and no further in a circle."""
    far = evolve(MARIE, birth_date=None, health_numbers=())
    chain = (_merged("a", "b"), evolve(_merged("b", "marie"), birth_date=None), far)
    stranger = evolve(far, patient_id=PatientId("x"))
    circle = (_merged("c", "d"), _merged("d", "c"), _merged("e", "gone"))
    files = {each.patient_id: each for each in (*chain, stranger, *circle)}
    found = candidates_among(files, IdentityKeys.of(WITH_NUMBER))
    assert [each.patient_id for each in found] == ["a", "b", "marie", "c", "d", "e"]

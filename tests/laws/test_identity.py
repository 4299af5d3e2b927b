"""Laws of identification: reading the form, asking the directory, recognising a file (R3–R11)."""

from collections.abc import Sequence
from datetime import date

from attrs import asdict, evolve
from hypothesis import assume, event, example, given
from hypothesis import strategies as st

from omnibook.identity import (
    Gender,
    Identity,
    IdentityForm,
    IdentityKeys,
    MatchPolicy,
    NumberPolicy,
    Patient,
    candidates_among,
    identify,
    matches_keys,
    parse_terms,
)
from omnibook.names import Folding, PersonName
from omnibook.problems import InvalidEntry, Problem, ProblemCode
from omnibook.testing.strategies.forms import BAD, BASE, RULES, TODAY, anything, texts
from omnibook.testing.strategies.people import (
    FAMILY,
    GIVEN,
    contact_class,
    identities,
    patient_id,
    policies,
    situations,
    strangers,
)

# Recognising a file ------------------------------------------------------------------------------


def _same(a: str | None, b: str | None) -> bool:
    return a is not None and a == b


def _contact_agrees(identity: Identity, record: Patient, policy: MatchPolicy) -> bool:
    agreeing = 0
    for typed in identity.contacts:
        for point in record.contacts:
            if not point.current:
                continue
            if not point.verified and not policy.unverified_contacts_count:
                continue
            if contact_class(typed) == contact_class(point):
                agreeing += 1
                break
    return agreeing == len(identity.contacts) if policy.every_contact else agreeing > 0


def _agreeing_parts(
    identity: Identity, record: Patient, policy: MatchPolicy
) -> list[tuple[bool, bool]]:
    """For each recorded name, whether its given and its family name are the form's."""
    under = policy.folding
    given_typed = GIVEN[identity.first_name].under(under)
    family_typed = FAMILY[identity.last_name].under(under)
    return [
        (
            _same(GIVEN[name.given].under(under), given_typed),
            _same(FAMILY[name.family].under(under), family_typed),
        )
        for name in record.names
    ]


def _matches_details(identity: Identity, record: Patient, policy: MatchPolicy) -> bool:
    """R5, as it is written."""
    if record.birth_date != identity.birth_date:
        return False
    if identity.gender is Gender.UNKNOWN or record.gender is not identity.gender:
        return False
    if (True, True) not in _agreeing_parts(identity, record, policy):
        return False
    return _contact_agrees(identity, record, policy)


def _corroborates(identity: Identity, record: Patient, policy: MatchPolicy) -> bool:
    """R6, as it is written."""
    if policy.number is NumberPolicy.ALONE:
        return True
    if record.birth_date != identity.birth_date:
        return False
    if _contact_agrees(identity, record, policy):
        return True
    if policy.number is NumberPolicy.WITH_CONTACT:
        return False
    return any(True in parts for parts in _agreeing_parts(identity, record, policy))


def _numbers_of(record: Patient) -> set[tuple[str, str]]:
    return {(number.issuer, number.value) for number in record.health_numbers}


def _end_of_merges(record: Patient, files: Sequence[Patient]) -> Patient | None:
    for _ in range(len(files) + 1):
        if record.merged_into is None:
            return record
        following = [each for each in files if each.patient_id == record.merged_into]
        if not following:
            return None
        record = following[0]
    return None


def _oracle(identity: Identity, files: Sequence[Patient], policy: MatchPolicy) -> Patient | None:
    """Who it is, found the plain way: rule by rule, leaving as soon as it is settled."""
    number = identity.health_number
    pair = None if number is None else (number.issuer, number.value)
    carriers = [record for record in files if pair in _numbers_of(record)]
    records = carriers or [each for each in files if _matches_details(identity, each, policy)]
    ends = [_end_of_merges(record, files) for record in records]
    if None in ends:
        return None
    live = {end.patient_id: end for end in ends if end and end.active and not end.deceased}
    if len(live) != 1:
        return None
    survivor = next(iter(live.values()))
    if carriers:
        witnesses = [*carriers, survivor]
        agree = any(_corroborates(identity, each, policy) for each in witnesses)
        return survivor if agree else None
    if pair is not None and any(
        issuer == pair[0] for each in [*records, survivor] for issuer, _ in _numbers_of(each)
    ):
        return None
    return survivor


@given(situations(), policies())
def test_a_file_is_recognised_exactly_when_the_rules_say_so(
    situation: tuple[Identity, tuple[Patient, ...]], policy: MatchPolicy
) -> None:
    """R5, R6, R7, R8, R9: the same file as an oracle that shares no code finds."""
    identity, files = situation
    match = identify(identity, files, policy)
    event(match.cause.value)
    assert match.patient == _oracle(identity, files, policy)


@given(situations(), policies(), st.data())
def test_the_order_of_the_candidates_and_their_repetition_play_no_part(
    situation: tuple[Identity, tuple[Patient, ...]], policy: MatchPolicy, data: st.DataObject
) -> None:
    """R9: counted once."""
    identity, files = situation
    shuffled = data.draw(st.permutations([*files, *files[:2]]))
    assert identify(identity, shuffled, policy) == identify(identity, files, policy)


@given(situations(), policies(), strangers())
def test_a_file_that_shares_nothing_with_the_form_changes_nothing(
    situation: tuple[Identity, tuple[Patient, ...]], policy: MatchPolicy, stranger: Patient
) -> None:
    """R9, R10."""
    identity, files = situation
    assert identify(identity, (*files, stranger), policy) == identify(identity, files, policy)


@given(situations(), policies())
def test_the_keys_ask_for_every_file_that_recognition_needs(
    situation: tuple[Identity, tuple[Patient, ...]], policy: MatchPolicy
) -> None:
    """R5, R6, R7, R9: what a directory may leave out of its answer never matters."""
    identity, files = situation
    keys = IdentityKeys.of(identity)
    candidates = candidates_among({each.patient_id: each for each in files}, keys)
    assert identify(identity, candidates, policy) == identify(identity, files, policy)
    assert {each.patient_id for each in files if matches_keys(each, keys)} <= {
        each.patient_id for each in candidates
    }


@given(situations(), policies())
def test_what_is_recognised_is_a_live_candidate_and_nothing_else_is_told(
    situation: tuple[Identity, tuple[Patient, ...]], policy: MatchPolicy
) -> None:
    """R9, R10."""
    identity, files = situation
    match = identify(identity, files, policy)
    assert match.cause.is_match == (match.patient is not None)
    if match.patient is not None:
        assert match.patient in files
        assert match.patient.is_live


@given(situations(), policies())
def test_whoever_is_recognised_strictly_is_recognised_with_folding(
    situation: tuple[Identity, tuple[Patient, ...]], policy: MatchPolicy
) -> None:
    """R5: folding widens what a file answers to (one file; several may become ambiguous)."""
    identity, files = situation
    for each in files:
        strict = identify(identity, [each], evolve(policy, folding=Folding.STRICT))
        folded = identify(identity, [each], evolve(policy, folding=Folding.FOLDED))
        assert folded == strict or not strict.cause.is_match


@given(situations(), policies())
def test_each_stricter_policy_recognises_no_file_that_a_laxer_one_does_not(
    situation: tuple[Identity, tuple[Patient, ...]], policy: MatchPolicy
) -> None:
    """R6, R8."""
    identity, files = situation
    ladder = (NumberPolicy.WITH_CONTACT, NumberPolicy.CORROBORATED, NumberPolicy.ALONE)
    for each in files:
        found = [identify(identity, [each], evolve(policy, number=n)).patient for n in ladder]
        assert found == sorted(found, key=lambda patient: patient is not None)
        careful = identify(identity, [each], evolve(policy, unverified_contacts_count=False))
        trusting = identify(identity, [each], evolve(policy, unverified_contacts_count=True))
        assert trusting == careful or not careful.cause.is_match


@given(situations(), policies())
def test_for_whom_somebody_acts_never_changes_who_is_recognised(
    situation: tuple[Identity, tuple[Patient, ...]], policy: MatchPolicy
) -> None:
    """R3: matching is unchanged."""
    identity, files = situation
    for acting_for in type(identity.acting_for):
        other = evolve(identity, acting_for=acting_for)
        assert identify(other, files, policy) == identify(identity, files, policy)


# Reading the form --------------------------------------------------------------------------------

_FIELDS = tuple(asdict(BASE))


@given(st.fixed_dictionaries({}, optional={name: anything() for name in _FIELDS}), st.dates())
def test_nothing_that_is_typed_ever_raises(typed: dict[str, object], today: date) -> None:
    """R11: any value of any type in any field, on any day."""
    form = evolve(BASE, **typed)
    read = form.parse(RULES, today=today)
    if isinstance(read, InvalidEntry):
        assert all(problem.field in _FIELDS for problem in read.problems)
        assert len(set(read.problems)) == len(read.problems)
    else:
        assert read.birth_date <= today
        assert [point.rank for point in read.contacts] == [1, 2][: len(read.contacts)]
    assert form.parse(RULES, today=today) == read


def _problems(form: IdentityForm) -> list[Problem]:
    read = form.parse(RULES, today=TODAY)
    return list(read.problems) if isinstance(read, InvalidEntry) else []


@given(
    st.fixed_dictionaries({}, optional={name: st.sampled_from(BAD[name]) for name in BAD}),
    st.sampled_from((None, "", "CA-ON", "CA-XX", "ca-qc", 9, "CA\x00QC", "x" * 10_000)),
)
@example(typed={name: values[0] for name, values in BAD.items()}, issuer="CA-XX")
def test_all_problems_come_at_once_and_each_is_told_as_if_it_were_alone(
    typed: dict[str, object], issuer: object
) -> None:
    """R11: the problems of a form are those of its fields, in the order of the form.

    A number is read with its issuer: the two count as one field here.
    """
    expected: list[Problem] = []
    for name in _FIELDS:
        if name == "health_number":
            number = {name: typed[name]} if name in typed else {}
            expected += _problems(evolve(BASE, **number, health_number_issuer=issuer))
        elif name in typed:
            alone = _problems(evolve(BASE, **{name: typed[name]}))
            assert [problem.field for problem in alone] == [name]
            expected += alone
    assert _problems(evolve(BASE, **typed, health_number_issuer=issuer)) == expected


_BLANKS = st.none() | st.text(" \t\n\r\u00a0\u3000\u200b", max_size=5)


@given(_BLANKS, _BLANKS, _BLANKS, _BLANKS, _BLANKS)
def test_a_blank_optional_field_is_the_same_as_one_left_out(
    phone: str | None, email: str | None, number: str | None, issuer: str | None, acting: str | None
) -> None:
    """R3, R4: and a form without any contact is asked for one, once."""
    plain = evolve(BASE, health_number=None)
    blank = evolve(plain, health_number=number, health_number_issuer=issuer, acting_for=acting)
    for contact in ({"cell_phone": phone}, {"email": email}):
        field = next(iter(contact))
        left_out = evolve(plain, **{field: None}).parse(RULES, today=TODAY)
        assert isinstance(left_out, Identity)
        assert evolve(blank, **contact).parse(RULES, today=TODAY) == left_out
    assert _problems(evolve(blank, cell_phone=phone, email=email)) == [
        Problem(ProblemCode.CONTACT_REQUIRED, "cell_phone")
    ]


@given(st.dates(), st.dates(), st.integers(0, 30))
def test_a_birth_date_is_read_as_it_is_written_within_130_years(
    born: date, today: date, minimum: int
) -> None:
    """R3, R11: future and over 130 years are told apart; the age of R3 in completed years."""
    rules = evolve(RULES, self_minimum_age=minimum)
    form = evolve(BASE, birth_date=born.isoformat(), health_number=None)
    read = form.parse(rules, today=today)
    assert read == evolve(form, birth_date=born).parse(rules, today=today)
    # Birthdays so far; one on a 29 February that a year lacks lies between its 28th and 1 March.
    on = (today.year, today.month, today.day)
    later_years = range(born.year + 1, today.year + 1)
    age = sum((year, born.month, born.day) <= on for year in later_years)
    if born > today:
        codes = [ProblemCode.BIRTH_DATE_FUTURE]
    elif age > 130:
        codes = [ProblemCode.BIRTH_DATE_TOO_OLD]
    elif age == 130:
        return  # to the day: an example
    elif age < minimum:
        codes = [ProblemCode.ACTING_FOR_REQUIRED]
    else:
        codes = []
    found = [each.code for each in read.problems] if isinstance(read, InvalidEntry) else []
    assert found == codes
    if isinstance(read, Identity):
        assert read.birth_date == born


@given(anything(), st.text(min_size=1).filter(str.strip))
def test_terms_are_accepted_in_the_current_version_only(version: object, current: str) -> None:
    """R2, R11."""
    assert parse_terms(current, current=current) is None
    problem = parse_terms(version, current=current)
    if problem is None:
        assert version == current
    elif isinstance(version, str) and version.strip():
        assert problem == Problem(ProblemCode.TERMS_OUTDATED, "terms", {"current": current})
    else:
        assert problem == Problem(ProblemCode.TERMS_NOT_ACCEPTED, "terms")


# What is shown -----------------------------------------------------------------------------------


def _shown(value: object) -> str:
    return f"{value!r} {value!s} {value}"


@given(st.lists(st.text("ЖЩЪЫ猫犬鳥", min_size=3), min_size=9, max_size=9))
def test_no_form_and_none_of_its_problems_shows_what_was_typed(typed: list[str]) -> None:
    """R10, R50: no personal value in a representation."""
    form = IdentityForm(**dict(zip(_FIELDS, typed, strict=True)))
    entry = form.parse(RULES, today=TODAY)
    assert isinstance(entry, InvalidEntry)
    shown = _shown(form) + _shown(entry) + "".join(str(p.details) for p in entry.problems)
    assert not any(value in shown for value in typed)


@given(texts())
def test_no_problem_with_a_single_field_repeats_it(text: str) -> None:
    """R11, R50."""
    assume(len(text) > 3 and text not in _shown(InvalidEntry(tuple(_EVERY_PROBLEM))))
    for name in _FIELDS:
        assert text not in _shown(evolve(BASE, **{name: text}).parse(RULES, today=TODAY))


_EVERY_PROBLEM = [
    Problem(code, name, {"limit": limit, "issuer": "CA-QC"})
    for code in ProblemCode
    for name in _FIELDS
    for limit in (14, 40, 100, 130, 254)
]


@given(identities(), policies())
def test_nothing_about_a_person_is_shown_by_any_value(
    identity: Identity, policy: MatchPolicy
) -> None:
    """R10, R50."""
    patient = Patient(
        patient_id=patient_id(7),
        names=(PersonName(identity.first_name, identity.last_name),),
        birth_date=identity.birth_date,
        gender=identity.gender,
        contacts=identity.contacts,
        health_numbers=() if identity.health_number is None else (identity.health_number,),
        merged_into=patient_id(8),
        file_number="12345",
        family_doctor="dr-roy",
    )
    survivor = evolve(patient, patient_id=patient_id(8), merged_into=None)
    match = identify(identity, (patient, survivor), policy)
    shown = "".join(
        _shown(value) for value in (identity, patient, match, IdentityKeys.of(identity), policy)
    )
    for secret in (
        identity.first_name,
        identity.last_name,
        str(identity.birth_date),
        str(identity.birth_date.year),
        repr(identity.gender),
        *(point.value for point in identity.contacts),
        *(number.value for number in patient.health_numbers),
        *("file-7", "file-8", "12345", "dr-roy"),
    ):
        assert secret not in shown

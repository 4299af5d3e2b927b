"""The beginning of the walk: who comes in, and what for."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.clinic import Policies
from omnibook.ids import PatientId
from omnibook.ports import Attempt
from omnibook.records import ActorKind
from support.looking import actions, trail
from support.portal_walks import codes, identify, listed, visit_of, without_open_services
from support.tokens import SeededTokens
from support.worlds import (
    JEAN,
    JEANS_FORM,
    MARIE,
    MARIES_FORM,
    START,
    World,
    small_clinic,
    strangers_form,
    world,
)

Code = ob.ProblemCode


# Identify ----------------------------------------------------------------------------------------


def test_a_recognised_visitor_is_welcome_to_what_the_file_is_eligible_for() -> None:
    """R1, R5, R18: Marie has a file and a family doctor here, and is no child."""
    assert listed(identify(world())) == ["open", "file", "doctor"]
    assert listed(identify(world(), JEANS_FORM)) == ["open", "file"]


def test_an_unrecognised_visitor_is_welcome_to_services_without_criteria_only() -> None:
    """R13: no facts at all, so that not even the typed age opens the service for children."""
    child = evolve(strangers_form(3), birth_date="2024-05-17", acting_for="parent")

    assert listed(identify(world(), strangers_form(3))) == ["open"]
    assert listed(identify(world(), child)) == ["open"]


def test_one_answer_says_that_online_booking_is_not_available() -> None:
    """R14: unidentified with criteria everywhere, or identified and eligible for nothing."""
    nobodys = without_open_services(small_clinic())
    only_children = evolve(nobodys, services=nobodys.services[2:])

    stranger = identify(world(nobodys), strangers_form(3))
    grown_up = identify(world(only_children))

    assert stranger == grown_up == ob.NotOnline()


def test_a_visitor_who_is_not_welcome_leaves_no_visit_behind() -> None:
    """R14, R50: but an audit event, with the cause for staff."""
    here = world(without_open_services(small_clinic()))

    identify(here, strangers_form(3))

    (event,) = trail(here.store)
    assert (event.action, event.code) == ("identify", "miss.no-file")


def test_a_health_number_on_file_identifies_when_it_is_corroborated() -> None:
    """R4, R6: the number and the birth date agree, and the given name; the contacts do not."""
    form = evolve(
        strangers_form(3),
        first_name="Marie",
        birth_date="2004-12-19",
        health_number="TREM 0462 1918",
    )
    conflict = evolve(form, first_name="Anna")

    assert "file" in listed(identify(world(), form))
    assert listed(identify(world(), conflict)) == ["open"]


def test_a_clinics_match_policy_is_the_one_that_is_used() -> None:
    """R8: an unverified contact identifies only where the policy says so."""
    unverified = evolve(MARIE, contacts=(evolve(MARIE.contacts[0], verified=False),))
    trusting = Policies(match=ob.MatchPolicy(unverified_contacts_count=True))
    form = evolve(MARIES_FORM, email=None)

    assert listed(identify(world(patients=[unverified]), form)) == ["open"]
    clinic = small_clinic(policies=trusting)
    assert "file" in listed(identify(world(clinic, patients=[unverified]), form))


def test_a_merged_file_leads_to_its_survivor() -> None:
    """R9: the visit is the survivor's."""
    merged = evolve(MARIE, merged_into=PatientId("p-new"))
    survivor = evolve(JEAN, patient_id=PatientId("p-new"))
    here = world(patients=[merged, survivor])

    visit = visit_of(here, here.enter())

    assert visit is not None
    assert visit.patient_id == "p-new"


def test_the_terms_are_recorded_with_the_visit_and_copied_to_the_appointment() -> None:
    """R2: document, version, language and instant."""
    here = world()
    token = here.enter()
    visit = visit_of(here, token)
    here.wait(minutes=1)

    booked = here.book(token, here.slots(token)[0])

    assert visit is not None
    terms = visit.terms
    assert (terms.document, terms.version, terms.language, terms.accepted_at) == (
        "terms",
        "2026-01",
        "fr",
        START,
    )
    assert booked.appointment.terms == visit.terms


@pytest.mark.parametrize(
    ("terms", "code"),
    [("2025-09", Code.TERMS_OUTDATED), (None, Code.TERMS_NOT_ACCEPTED), (True, "")],
)
def test_other_terms_than_the_current_ones_are_a_problem(terms: object, code: str) -> None:
    """R2."""
    expected = code or Code.TERMS_NOT_ACCEPTED

    assert codes(identify(world(), terms=terms)) == [("terms", expected)]


def test_every_problem_is_told_at_once_and_nobody_is_asked() -> None:
    """R3, R11: form, terms and language; limiter and directory stay out of it."""
    here = world()
    nothing = ob.IdentityForm(first_name="", last_name=7, birth_date="2030-01-01", gender="x")

    outcome = identify(here, nothing, terms="", language="de")

    assert codes(outcome) == [
        ("first_name", Code.MISSING),
        ("last_name", Code.WRONG_TYPE),
        ("birth_date", Code.BIRTH_DATE_FUTURE),
        ("gender", Code.GENDER_MALFORMED),
        ("cell_phone", Code.CONTACT_REQUIRED),
        ("terms", Code.TERMS_NOT_ACCEPTED),
        ("language", Code.LANGUAGE_UNSUPPORTED),
    ]
    assert trail(here.store) == ()


def test_the_language_alone_can_be_the_problem() -> None:
    assert codes(identify(world(), language=None)) == [("language", Code.LANGUAGE_UNSUPPORTED)]


def test_a_child_is_booked_for_by_somebody_else() -> None:
    """R3: the clinic's age, fourteen by default."""
    child = evolve(strangers_form(3), birth_date="2020-05-17")
    lenient = small_clinic(policies=Policies(self_minimum_age=5))

    assert codes(identify(world(), child)) == [("acting_for", Code.ACTING_FOR_REQUIRED)]
    assert listed(identify(world(), evolve(child, acting_for="tutor"))) == ["open"]
    assert listed(identify(world(lenient), child)) == ["open"]


@pytest.mark.parametrize("source", ["", None, 7])
def test_whoever_calls_must_say_where_the_visitor_comes_from(source: str) -> None:
    with pytest.raises(ob.InvalidValue, match="source"):
        identify(world(), source=source)


# Attempts ----------------------------------------------------------------------------------------


class NoDirectory(ob.MemoryDirectory):
    def candidates(self, keys: object) -> Sequence[ob.Patient]:
        raise AssertionError("the limiter is asked before the lookup")


def portal_with(here: World, limiter: object, directory: ob.MemoryDirectory) -> ob.Portal:
    return ob.Portal(
        here.clinic,
        store=here.store,
        directory=directory,
        keys=here.keys,
        limiter=limiter,  # type: ignore[arg-type]
    )


class Limiter:
    """Answers the same each time, and keeps what it was asked."""

    def __init__(self, answer: timedelta | Exception | None) -> None:
        self.answer = answer
        self.asked: list[Attempt] = []

    def admit(self, attempt: Attempt) -> timedelta | None:
        self.asked.append(attempt)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (timedelta(seconds=30), timedelta(seconds=30)),
        (ConnectionError("redis is away"), timedelta(seconds=5)),
        (RuntimeError("514 555-0123"), timedelta(seconds=5)),
    ],
)
def test_a_limiter_that_refuses_or_fails_closes_the_door_before_the_lookup(
    answer: timedelta | Exception, wait: timedelta
) -> None:
    """R12, R50: the attempt is in the audit trail."""
    here = world()
    here.portal = portal_with(here, Limiter(answer), NoDirectory([MARIE]))

    assert identify(here) == ob.TooManyAttempts(retry_after=wait)
    assert actions(here.store) == [("identify", "attempts.too-many")]


def test_every_well_formed_attempt_counts_the_successful_ones_too() -> None:
    """R12: by default five for the same name and birth date, then 30 seconds."""
    here = world(limiter=ob.LimiterPolicy())
    for _ in range(5):
        here.enter()

    assert identify(here) == ob.TooManyAttempts(retry_after=timedelta(seconds=30))
    assert identify(here, evolve(MARIES_FORM, first_name="MARÏE")) == ob.TooManyAttempts(
        retry_after=timedelta(seconds=30)
    )
    assert listed(identify(here, JEANS_FORM)) == ["open", "file"]


def test_a_limiter_is_told_keyed_hashes_only() -> None:
    """R12: what is typed in another way is the same attempt, and nothing personal is in it."""
    here = world()
    limiter = Limiter(None)
    here.portal = portal_with(here, limiter, here.directory)
    numbered = evolve(MARIES_FORM, health_number="TREM04621918")

    identify(here, MARIES_FORM)
    identify(here, evolve(numbered, last_name="TREMBLAY "))
    identify(here, evolve(numbered, first_name="Anna"), source="198.51.100.1")

    first, second, third = limiter.asked
    assert first.person == second.person != third.person
    assert first.source == second.source != third.source
    assert first.health_number is None
    assert second.health_number == third.health_number is not None
    for word in ("Tremblay", "TREM", "203.0.113.7", "2004"):
        assert word not in repr(limiter.asked)


def test_an_attempt_ends_in_the_audit_trail_with_its_cause_and_subject() -> None:
    """R10, R50: the subject is a keyed hash, the same for the same file."""
    here = world(tokens=SeededTokens())
    here.enter()
    here.enter(evolve(MARIES_FORM, health_number="TREM04621918"))
    here.enter(strangers_form(3))

    by_details, by_number, stranger = trail(here.store)

    assert [by_details.code, by_number.code] == ["match.by-details", "match.by-number"]
    assert stranger.code == "miss.no-file"
    assert by_details.subject == by_number.subject != stranger.subject
    assert stranger.subject is not None
    assert {each.actor.kind for each in trail(here.store)} == {ActorKind.VISITOR}
    assert by_details.at == START
    assert by_details.clinic_id == "clinic"
    assert "p-marie" not in repr(trail(here.store))

"""What a patient or a clerk reads for each outcome, in both languages."""

from datetime import date, timedelta

import attrs
import pytest
from attrs import evolve

from omnibook import outcomes
from omnibook.clinic import Clinic
from omnibook.eligibility import (
    Eligibility,
    Facts,
    NoFamilyDoctor,
    judge_eligibility,
)
from omnibook.ids import (
    AppointmentId,
    ClosureId,
    HoldId,
)
from omnibook.messages import (
    Outcome,
    describe_outcome,
    describe_problem,
    describe_reason,
    sentence,
)
from omnibook.number_warnings import NumberWarningCode
from omnibook.problems import InvalidEntry, Problem, ProblemCode
from omnibook.records import (
    VISITOR,
    AppointmentStatus,
    Move,
)
from omnibook.time_rules import (
    AlreadyBookedRule,
    OnlineRule,
)
from support.samples_messages import (
    PHONE,
    a_clinic,
    spaced,
)
from support.samples_outcomes import (
    APPOINTMENT,
    CANCELLED,
    ELIGIBLE,
    LANGUAGES,
    NOT_ELIGIBLE,
    PAGE,
    PRESENCE,
    SAMPLES,
    SLOT,
    STARTED,
    a_linked_appointment,
    an_explained_service,
    an_explained_time,
)

# Outcomes ---------------------------------------------------------------------------------------


def said(outcome: Outcome, language: str, clinic: Clinic | None = None) -> str:
    return spaced(describe_outcome(outcome, language, clinic or a_clinic()))


def test_not_online_is_one_message_with_the_clinic_s_phone() -> None:
    """R14."""
    assert said(outcomes.NotOnline(), "fr") == (
        "La prise de rendez-vous en ligne ne vous est pas offerte. "
        "Nous vous invitons à téléphoner à la clinique au 514 555-0100."
    )
    assert said(outcomes.NotOnline(), "en") == (
        "Online booking is not available to you. Please phone the clinic at 514 555-0100."
    )


def test_no_availability_says_that_it_may_change_and_gives_the_phone() -> None:
    """R29."""
    french, english = (said(outcomes.NoAvailability(), language) for language in LANGUAGES)

    for part in ("quelqu’un annule", "la clinique ouvre de nouvelles plages horaires", PHONE):
        assert part in french
    for part in ("someone cancels", "the clinic opens new times", PHONE):
        assert part in english


def test_held_says_which_time_and_how_long() -> None:
    """R33, R34: whole minutes that are left."""
    held = outcomes.Held(
        hold_id=HoldId("hold-1"),
        slot=SLOT,
        expires_at=SLOT.start,
        remaining=timedelta(minutes=4, seconds=59),
    )

    assert said(held, "fr").startswith(
        "Pendant 4 minutes, nous gardons pour vous la plage horaire du mardi 3 mars 2026 à 13 h 30."
    )
    assert "holding Tuesday, March 3, 2026 at 1:30 p.m. for you for 4 minutes. Check" in said(
        held, "en"
    )


def test_a_lost_race_goes_on_with_what_the_fresh_search_found() -> None:
    """R31."""
    assert said(outcomes.SlotTaken(), "en").endswith("\nPlease look for another one.")
    assert said(outcomes.SlotTaken(fresh=PAGE), "en").endswith("\nChoose the time that suits you.")
    assert PHONE in said(outcomes.SlotTaken(fresh=outcomes.NoAvailability()), "en")


def test_booked_gives_time_place_and_reference() -> None:
    """R42."""
    booked = outcomes.Booked(appointment=APPOINTMENT)

    assert said(booked, "fr").splitlines() == [
        "Le rendez-vous est confirmé.",
        "Date et heure : mardi 3 mars 2026 à 13 h 30",
        "Lieu : 12, rue des Érables, bureau 3",
        "Numéro de référence : K7PM-4QD2",
    ]
    assert "Place: Maples Clinic" in said(booked, "en", a_clinic(emptied=True))


def test_booking_a_cancelled_hold_again_does_not_say_confirmed() -> None:
    """R38."""
    french = said(outcomes.Booked(appointment=CANCELLED), "fr")

    assert "n’est plus à l’horaire" in french
    assert "confirmé" not in french


def test_too_late_says_the_cutoff() -> None:
    """R47."""
    late = outcomes.TooLate(cutoff=timedelta(hours=2))

    assert "au plus tard 2 heures avant" in said(late, "fr")
    assert "until 2 hours before" in said(late, "en")


@pytest.mark.parametrize(
    ("linked", "heading"),
    [
        (a_linked_appointment(), "Nothing changes until you confirm your choice."),
        (a_linked_appointment(cancellable=False), f"for that, phone the clinic at {PHONE}."),
    ],
)
def test_the_appointment_behind_a_link_is_shown_before_anything_is_done(
    linked: outcomes.LinkedAppointment, heading: str
) -> None:
    """R44, R49: what a message says, and no more."""
    first, *lines = said(linked, "en").splitlines()

    assert first.endswith(heading)
    assert lines == [
        "Service: Follow-up",
        "Date and time: Tuesday, March 3, 2026 at 1:30 p.m.",
        "Place: 12 Des Érables Street, room 3",
    ]


def test_a_link_to_a_cancelled_appointment_says_so() -> None:
    """R44."""
    linked = a_linked_appointment(cancelled=True, cancellable=False)

    assert said(linked, "fr") == "Le rendez-vous du mardi 3 mars 2026 à 13 h 30 est annulé."


@pytest.mark.parametrize("cancellable", [True, False])
def test_a_link_says_that_presence_is_confirmed(cancellable: bool) -> None:
    """R44."""
    linked = a_linked_appointment(cancellable=cancellable, presence=PRESENCE)
    without = a_linked_appointment(cancellable=cancellable)

    assert said(linked, "en") == f"{said(without, 'en')}\nYour presence is confirmed."


def test_presence_that_is_confirmed_says_for_when() -> None:
    """R44; staff read it too."""
    confirmed = outcomes.PresenceConfirmed(
        appointment_id=AppointmentId("appointment-1"), slot=SLOT, presence=PRESENCE
    )

    assert said(confirmed, "fr") == (
        "C’est fait : la présence est confirmée pour le rendez-vous du mardi 3 mars 2026 "
        "à 13 h 30. Merci!"
    )


def test_a_move_says_the_new_time_and_nothing_of_the_old_one() -> None:
    """R47, R49."""
    old = attrs.evolve(SLOT, start=SLOT.start - timedelta(days=2), end=SLOT.end - timedelta(days=2))
    move = Move(at=old.start, by=VISITOR, old_revision=0, old_slot=old)
    moved = outcomes.Moved(appointment=attrs.evolve(APPOINTMENT, revision=1, last_move=move))

    assert said(moved, "en").splitlines() == [
        "The appointment is moved.",
        "New date and time: Tuesday, March 3, 2026 at 1:30 p.m.",
        "Place: 12 Des Érables Street, room 3",
        "Reference number: K7PM-4QD2",
    ]
    assert "mars 1" not in said(moved, "fr")


def test_a_move_that_is_repeated_after_a_cancellation_does_not_say_moved() -> None:
    """R38, R44."""
    assert "n’est plus à l’horaire" in said(outcomes.Moved(appointment=CANCELLED), "fr")


def test_a_wait_is_rounded_up() -> None:
    """R12: who comes back then is not too early."""
    for seconds, wait in (
        (0.2, "1 second"),
        (30, "30 seconds"),
        (60, "1 minute"),
        (61, "2 minutes"),
    ):
        outcome = outcomes.TooManyAttempts(retry_after=timedelta(seconds=seconds))
        assert said(outcome, "en").endswith(f"in {wait}.")


def test_an_invalid_entry_lists_every_problem() -> None:
    """R11."""
    entry = InvalidEntry(
        (
            Problem(ProblemCode.MISSING, "first_name"),
            Problem(ProblemCode.TOO_LONG, "last_name", {"limit": 100}),
        )
    )

    assert said(entry, "fr").splitlines() == [
        "Veuillez corriger ce qui suit :",
        "• Le champ « Prénom » est à remplir.",
        "• Le champ « Nom de famille » est trop long. Veuillez vous en tenir à 100 caractères.",
    ]


def test_staff_read_every_reason_of_a_verdict() -> None:
    """R21: a host's own code stands for itself."""
    assert said(an_explained_service(listed=False), "en").splitlines() == [
        "This person does not see this service online.",
        "• include[0][0] – The person has a file at the clinic. (true)",
        "• exclude[0] – own.ward-full (unknown)",
    ]


def test_staff_read_on_which_facts_a_reason_rests() -> None:
    """R21: their names and states, never what they are."""
    verdict = judge_eligibility(
        Eligibility(inclusions=((NoFamilyDoctor(),),)),
        Facts(has_file=True, family_doctor=None),
        booked_on=date(2026, 3, 2),
        visit_on=date(2026, 3, 2),
    )
    explained = evolve(an_explained_service(listed=False), verdict=verdict)

    assert said(explained, "en").splitlines()[1:] == [
        (
            "• include[0][0] – It is not known whether the person has a family doctor elsewhere. "
            "(unknown) [family doctor here: none; family doctor elsewhere: unknown]"
        ),
    ]
    assert said(explained, "fr").splitlines()[1:] == [
        (
            "• include[0][0] – On ne sait pas si la personne a un médecin de famille ailleurs. "
            "(inconnu) [médecin de famille ici : aucun; médecin de famille ailleurs : inconnu]"
        ),
    ]


def test_staff_read_every_rule_against_a_time() -> None:
    """R27: those that are met are not told unasked."""
    online = OnlineRule(met=False)

    assert said(an_explained_time(STARTED, ELIGIBLE), "en").splitlines() == [
        "This time is not offered online to this person.",
        "• The start has passed.",
    ]
    assert said(an_explained_time(online), "en").splitlines() == [
        "This time is not offered online.",
        "• The opening is kept for the front desk: it is not offered online.",
    ]


def test_staff_read_why_a_patient_is_not_offered_a_time() -> None:
    """R22, R52: what speaks against the time, the patient, and another appointment."""
    explained = an_explained_time(STARTED, NOT_ELIGIBLE, AlreadyBookedRule(met=False))

    assert said(explained, "en").splitlines() == [
        "This time is not offered online to this person.",
        "• The start has passed.",
        "• The person does not have access to the service on this date.",
        "• include[0][0] – The person has a file at the clinic. (true)",
        "• exclude[0] – own.ward-full (unknown)",
        "• There is already an upcoming appointment for this service.",
    ]


def test_staff_read_that_a_patient_is_offered_a_time() -> None:
    """R22."""
    explained = an_explained_time(OnlineRule(met=True), ELIGIBLE, AlreadyBookedRule(met=True))

    assert said(explained, "en") == "This time is offered online to this person."


def test_the_desk_reads_counts_and_statuses() -> None:
    """R48."""
    by_class = {type(sample): said(sample, "fr") for sample in SAMPLES}

    assert by_class[outcomes.Closed].endswith("est fermée. 1 rendez-vous y reste prévu.")
    assert by_class[outcomes.Marked] == "C’est noté. État du rendez-vous : prévu."
    assert by_class[outcomes.NotMovable].endswith("Son état : terminé.")
    assert by_class[outcomes.NotConfirmable].endswith("Son état : absence notée.")
    assert by_class[outcomes.AppointmentList].startswith("Rendez-vous trouvés : 2.")
    assert "messages : 1; ajouts de coordonnées : 0" in by_class[outcomes.SetAsideList]
    assert by_class[outcomes.DayList] == "Rendez-vous ce jour-là : 1. Points à vérifier : 1."
    assert by_class[outcomes.NotCancellable].endswith("Son état : terminé.")
    assert "à 13 h 50" in by_class[outcomes.Opened]


def test_what_cannot_be_marked_says_from_when_on_it_can() -> None:
    early = outcomes.NotMarkable(status=AppointmentStatus.BOOKED, not_before=SLOT.start)

    assert "à partir du mardi 3 mars 2026 à 13 h 30" in said(early, "fr")
    assert "Its status: cancelled." in said(
        outcomes.NotMarkable(status=AppointmentStatus.CANCELLED), "en"
    )


@pytest.mark.parametrize(
    ("kept", "french", "english"),
    [
        (0, "0 rendez-vous y reste prévu.", "0 appointments remain in it."),
        (1, "1 rendez-vous y reste prévu.", "1 appointment remains in it."),
        (2, "2 rendez-vous y restent prévus.", "2 appointments remain in it."),
    ],
)
def test_a_number_decides_between_one_and_several(kept: int, french: str, english: str) -> None:
    """Zero is one in French, and several in English."""
    closed = outcomes.Closed(
        closure_id=ClosureId("closure-1"), span=SLOT.span, appointments=(APPOINTMENT,) * kept
    )

    assert said(closed, "fr").endswith(french)
    assert said(closed, "en").endswith(english)


def test_a_number_that_is_none_reads_as_several() -> None:
    """A host's own problem may carry its limit as a text."""
    assert "several caractères" in sentence(
        "entry.too-long.limit", "fr", field="x", limit="several"
    )


def test_a_reason_that_is_no_sentence_stays_on_its_line() -> None:
    assert describe_reason("own.code\nInjected: yes", "fr") == "own.code Injected: yes"


# Problems ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("problem", "english"),
    [
        (
            Problem(ProblemCode.TOO_LONG, "reason"),
            "“Reason for the visit” is too long. Please shorten it.",
        ),
        (
            Problem(ProblemCode.PREFERENCE_MALFORMED, "last_date"),
            (
                "“Until” could not be understood. "
                "Please give the year, month and day, such as 2026-11-24."
            ),
        ),
        (
            Problem(ProblemCode.PREFERENCE_MALFORMED, "weekdays"),
            "“Days of the week” could not be understood. Please select from what is offered.",
        ),
        (Problem(ProblemCode.MISSING, "ward_number"), "Please fill in “ward number”."),
        (
            Problem(ProblemCode.ACTING_FOR_REQUIRED, "acting_for", {"limit": 14}),
            (
                "Under the age of 14, a parent or tutor books the appointment. "
                "Please say for whom you are booking."
            ),
        ),
    ],
)
def test_a_problem_names_the_field_and_the_limit(problem: Problem, english: str) -> None:
    """R11."""
    assert describe_problem(problem, "en") == english


@pytest.mark.parametrize(
    ("issuer", "part"),
    [
        ("CA-QC", "four letters and eight digits"),
        ("CA-ON", "ten digits"),
        ("CA-BC", "ten digits, the first of them a 9"),
        ("CA-AB", "nine digits"),
        ("CA-SK", "nine digits"),
        ("CA-MB", "nine digits"),
        ("CA-NB", "nine digits"),
        ("CA-NS", "ten digits"),
        ("CA-PE", "eight digits"),
        ("CA-NL", "twelve digits"),
        ("CA-YT", "nine digits"),
        ("CA-NT", "one letter and seven digits"),
        ("CA-NU", "nine digits, the first of them a 1"),
        ("CA-XX", "copy it from the card"),
    ],
)
def test_a_malformed_health_number_is_explained_by_its_issuer(issuer: str, part: str) -> None:
    """R11; and R4: it is optional."""
    problem = Problem(ProblemCode.HEALTH_NUMBER_MALFORMED, "health_number", {"issuer": issuer})

    assert part in describe_problem(problem, "en")
    assert "leave it blank" in describe_problem(problem, "en")


PHONE_PROBLEMS = {
    ProblemCode.PHONE_MALFORMED: ("area code", "indicatif régional"),
    ProblemCode.PHONE_EXTENSION: ("no extension", "pas de poste"),
    ProblemCode.PHONE_LETTERS: ("without letters", "sans lettres"),
    ProblemCode.PHONE_TOLL_FREE: ("toll-free", "sans frais"),
    ProblemCode.PHONE_PREMIUM_RATE: ("special rate", "tarif majoré"),
    ProblemCode.PHONE_FIXED_LINE: ("landline", "ligne fixe"),
    ProblemCode.PHONE_INTERNET: ("Internet telephone", "téléphonie par Internet"),
    ProblemCode.PHONE_NOT_A_CELL_PHONE: ("cannot be that of a cell", "ne peut pas être celui"),
}


@pytest.mark.parametrize("code", [code for code in ProblemCode if code.startswith("phone.")])
def test_each_refusal_of_a_phone_says_what_is_wrong_with_it(code: ProblemCode) -> None:
    """R11."""
    english, french = PHONE_PROBLEMS[code]
    problem = Problem(code, "cell_phone")

    assert english in describe_problem(problem, "en")
    assert french in describe_problem(problem, "fr")


@pytest.mark.parametrize("code", NumberWarningCode)
def test_a_warning_about_a_number_sends_staff_to_the_card(code: NumberWarningCode) -> None:
    """R6."""
    assert "card" in describe_reason(code, "en")
    assert "carte" in describe_reason(code, "fr")

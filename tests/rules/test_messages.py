"""Every code has its sentence in both languages, and patients can read them."""

import re
import string
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from importlib.resources import files
from typing import get_args

import attrs
import pytest
from attrs import evolve

from omnibook import outcomes
from omnibook.availability import Obstacle
from omnibook.booking_form import BookingForm
from omnibook.clinic import Clinic, Mode, Text
from omnibook.contacts import ContactPoint, ContactSystem
from omnibook.eligibility import (
    Eligibility,
    FactName,
    Facts,
    FactState,
    NoFamilyDoctor,
    Reason,
    ReasonCode,
    Truth,
    Verdict,
    judge_eligibility,
)
from omnibook.errors import ConfigurationError, InvalidValue
from omnibook.health_numbers import SHIPPED_ISSUERS
from omnibook.identity import IdentityForm, MatchCause
from omnibook.ids import (
    AppointmentId,
    ClinicId,
    ClosureId,
    FlagId,
    HoldId,
    OpeningId,
    VisitToken,
)
from omnibook.messages import (
    Outcome,
    describe_flag,
    describe_outcome,
    describe_problem,
    describe_reason,
    format_start,
    sentence,
)
from omnibook.messages.catalogue import PLACEHOLDERS, codes, read_catalogues
from omnibook.notices import DropCode
from omnibook.number_warnings import NumberWarningCode
from omnibook.preference import Preference
from omnibook.problems import InvalidEntry, Problem, ProblemCode
from omnibook.records import (
    VISITOR,
    AppointmentStatus,
    Cancellation,
    Flag,
    FlagCode,
    NoticeKind,
)
from omnibook.time_rules import (
    AlreadyBookedRule,
    ClosedBy,
    EligibilityRule,
    OnlineRule,
    RuleCode,
    StartRule,
    TimeRule,
)
from support.samples_messages import (
    MONTREAL,
    PHONE,
    a_clinic,
    a_slot,
    an_appointment,
    spaced,
)

LANGUAGES = ("fr", "en")
SLOT = a_slot()
CANCELLATION = Cancellation(at=datetime(2026, 2, 21, tzinfo=UTC), by=VISITOR, reason="voyage")
APPOINTMENT = an_appointment()
CANCELLED = attrs.evolve(APPOINTMENT, status=AppointmentStatus.CANCELLED, cancellation=CANCELLATION)
OFFER = outcomes.Offer(
    slot=SLOT,
    starts=SLOT.start.astimezone(MONTREAL),
    ends=SLOT.end.astimezone(MONTREAL),
    schedule_name=Text("Dre Roy", "Dr. Roy"),
    practitioner_id=None,
    place=Text("Bureau 3", "Room 3"),
    mode=Mode.IN_PERSON,
)
PAGE = outcomes.Page(offers=(OFFER,), shown=1)
VERDICT = Verdict(
    eligible=False,
    reasons=(
        Reason(code=ReasonCode.FILE_PRESENT, path="include[0][0]", truth=Truth.TRUE),
        Reason(code="own.ward-full", path="exclude[0]", truth=Truth.UNKNOWN),
    ),
)


def an_explained_time(*rules: TimeRule) -> outcomes.TimeExplanation:
    return outcomes.TimeExplanation(
        service_id=SLOT.service_id,
        schedule_id=SLOT.schedule_id,
        start=SLOT.start,
        rules=rules,
    )


ELIGIBLE = EligibilityRule(met=True, verdict=Verdict(eligible=True, reasons=VERDICT.reasons))
NOT_ELIGIBLE = EligibilityRule(met=False, verdict=VERDICT)
STARTED = StartRule(met=False, now=SLOT.end)


def an_explained_service(*, listed: bool) -> outcomes.ServiceExplanation:
    return outcomes.ServiceExplanation(service_id=SLOT.service_id, listed=listed, verdict=VERDICT)


def a_linked_appointment(
    *, cancelled: bool = False, cancellable: bool = True
) -> outcomes.LinkedAppointment:
    return outcomes.LinkedAppointment(
        slot=SLOT,
        starts=SLOT.start.astimezone(MONTREAL),
        ends=SLOT.end.astimezone(MONTREAL),
        label=Text("Suivi", "Follow-up"),
        place=Text("Bureau 3", "Room 3"),
        mode=Mode.IN_PERSON,
        cancelled=cancelled,
        cancellable=cancellable,
    )


SAMPLES: tuple[Outcome, ...] = (
    outcomes.Welcome(visit=VisitToken("x" * 22), services=()),
    outcomes.NotOnline(),
    outcomes.TooManyAttempts(retry_after=timedelta(seconds=30)),
    outcomes.VisitOver(),
    outcomes.ServiceNotOffered(),
    PAGE,
    outcomes.Page(offers=(), shown=5),
    outcomes.NoAvailability(),
    outcomes.Held(
        hold_id=HoldId("hold-1"),
        slot=SLOT,
        expires_at=SLOT.start,
        remaining=timedelta(minutes=4, seconds=59),
    ),
    outcomes.SlotTaken(),
    outcomes.SlotTaken(fresh=PAGE),
    outcomes.SlotTaken(fresh=outcomes.NoAvailability()),
    outcomes.AlreadyBooked(),
    outcomes.TooManyHolds(),
    outcomes.Released(),
    outcomes.Booked(appointment=APPOINTMENT),
    outcomes.Booked(appointment=CANCELLED),
    outcomes.Cancelled(
        appointment_id=AppointmentId("appointment-1"), slot=SLOT, cancellation=CANCELLATION
    ),
    outcomes.TooLate(cutoff=timedelta(hours=2)),
    outcomes.LinkDead(),
    a_linked_appointment(),
    a_linked_appointment(cancellable=False),
    a_linked_appointment(cancelled=True, cancellable=False),
    InvalidEntry((Problem(ProblemCode.MISSING, "first_name"),)),
    outcomes.TimeTaken(),
    outcomes.NotFound(),
    outcomes.RequestReused(),
    outcomes.Opened(opening_id=OpeningId("opening-1"), span=SLOT.span),
    outcomes.Closed(closure_id=ClosureId("closure-1"), span=SLOT.span, appointments=(APPOINTMENT,)),
    outcomes.Withdrawn(),
    outcomes.BusyImported(schedule_id=SLOT.schedule_id, span=SLOT.span, count=7),
    outcomes.Purged(visits=3, holds=4),
    outcomes.Exported(document={"version": 1, "visits": ["Marie Tremblay"]}),
    outcomes.Erased(visits=1, notices=1),
    outcomes.StillNeeded(appointments=2, holds=1),
    outcomes.NotCancellable(status=AppointmentStatus.FULFILLED),
    outcomes.ContactsEdited(
        contacts=(ContactPoint(system=ContactSystem.PHONE, value="+15145550123"),)
    ),
    outcomes.NotSupported(),
    outcomes.DayList(
        appointments=(APPOINTMENT,),
        flags=(
            Flag(
                clinic_id=ClinicId("des-erables"),
                flag_id=FlagId("flag-1"),
                code=FlagCode.BUSY_CONFLICT,
                appointment_id=AppointmentId("appointment-1"),
                raised_at=SLOT.start,
            ),
        ),
    ),
    an_explained_service(listed=True),
    an_explained_service(listed=False),
    an_explained_time(),
    an_explained_time(STARTED),
    an_explained_time(ELIGIBLE),
    an_explained_time(NOT_ELIGIBLE, AlreadyBookedRule(met=False)),
)

# An outcome's code belongs to its class; other values, such as a flag, carry one as a field.
OUTCOME_CODES = {
    each: each.__dict__["code"]
    for each in vars(outcomes).values()
    if isinstance(each, type) and isinstance(each.__dict__.get("code"), str)
}
CODE_ENUMS: tuple[type[StrEnum], ...] = (
    ProblemCode,
    FlagCode,
    ReasonCode,
    MatchCause,
    Obstacle,
    DropCode,
    NumberWarningCode,
)
FIELDS = {
    name for form in (IdentityForm, BookingForm, Preference) for name in attrs.fields_dict(form)
} | {"terms", "language", "after", "slot"}  # what Portal takes beside the forms

VARIANTS = {
    "availabilities.none-left",
    "slot.taken.search-again",
    "appointment.booked.no-more",
    "appointment.linked.by-phone",
    "appointment.linked.cancelled",
    "preference.malformed.date",
    "desk.service-explained.not-listed",
    "desk.time-explained.not-offered",
    "desk.time-explained.to-patient",
    "desk.time-explained.not-to-patient",
    "entry.too-long.limit",
    "acting-for.required.limit",
    *(f"health-number.malformed.{code.lower()}" for code in SHIPPED_ISSUERS),
    "reason.line",
    "span.times",
    "span.day",
    "span.days",
    "reason.line.facts",
    "reason.fact",
    *(f"fact.{name}" for name in FactName),
    *(f"fact-state.{state}" for state in FactState),
    "moment",
    "moment.before-change",
    "moment.after-change",
}
NOTICE_CODES = (
    {f"notice.{kind}.{part}" for kind in NoticeKind for part in ("subject", "email", "text")}
    | {f"notice.{kind}.{form}.no-link" for kind in NoticeKind for form in ("email", "text")}
    | {f"notice.{form}.details{end}" for form in ("email", "text") for end in ("", ".no-place")}
    | {f"notice.{form}.closing" for form in ("email", "text")}
    | {
        f"notice.{kind}.{form}.link"
        for kind in (NoticeKind.BOOKING, NoticeKind.REMINDER)
        for form in ("email", "text")
    }
    | {f"notice.cancellation.by-clinic.{part}" for part in ("subject", "email", "text")}
    | {"notice.label", "notice.email.cutoff"}
)
RULE_CODES = {f"{code}.{state}" for code in RuleCode for state in ("met", "not-met")} | {
    "rule.notice.met.none",
    "rule.notice.not-met.none",
    "rule.opening.not-met.none-that-day",
    "rule.opening.not-met.never",
    "rule.opening.others",
    "rule.grid.not-met.no-other",
    "rule.release.met.always",
    "rule.closure.labelled",
    "rule.busy.not-met.too-close",
    "rule.hold.not-met.too-close",
    "rule.appointment.not-met.too-close",
    "rule.hold.until",
    "rule.hold.own",
    *(f"rule.closure.by-{by}" for by in ClosedBy),
    *(f"rule.needs-free.{side}" for side in ("before", "after")),
}
ENUM_CODES = {str(member) for enum in CODE_ENUMS for member in enum}
USED = (
    ENUM_CODES
    | set(OUTCOME_CODES.values())
    | VARIANTS
    | NOTICE_CODES
    | RULE_CODES
    | {f"field.{name}" for name in FIELDS}
    | {f"status.{status}" for status in AppointmentStatus}
    | {f"mode.{mode}" for mode in Mode if mode is not Mode.IN_PERSON}
    | {f"truth.{truth.value}" for truth in Truth}
)


def texts() -> dict[str, str]:
    folder = files("omnibook.messages")
    return {name: folder.joinpath(f"{name}.toml").read_text("utf-8") for name in LANGUAGES}


CATALOGUES = read_catalogues(texts())


# Completeness -----------------------------------------------------------------------------------


def test_every_code_has_a_sentence_and_every_sentence_a_code() -> None:
    assert codes() - USED == frozenset()
    assert frozenset(USED) - codes() == frozenset()


def test_every_outcome_has_a_sample_here() -> None:
    assert {type(sample) for sample in SAMPLES} == set(OUTCOME_CODES)
    assert set(get_args(Outcome)) == set(OUTCOME_CODES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_languages_have_the_same_codes_and_placeholders(language: str) -> None:
    def named(catalogue: Mapping[str, str]) -> dict[str, set[str]]:
        return {
            code: {name for _, name, _, _ in string.Formatter().parse(text) if name}
            for code, text in catalogue.items()
        }

    assert named(CATALOGUES[language]) == named(CATALOGUES["fr"])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.code)
def test_every_outcome_can_be_read_aloud(sample: Outcome, language: str) -> None:
    said = describe_outcome(sample, language, a_clinic())

    assert said == said.strip()
    assert not re.search(r"[{}]|\.\.|None|UNKNOWN", said)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", ProblemCode)
def test_every_problem_says_what_to_do(code: ProblemCode, language: str) -> None:
    """R11."""
    said = describe_problem(Problem(code, "first_name"), language)

    assert said.endswith((".", ":", "remplir."))
    assert "{" not in said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", FlagCode)
def test_every_flag_has_a_sentence(code: FlagCode, language: str) -> None:
    assert describe_flag(code, language).endswith(".")


# The catalogues ---------------------------------------------------------------------------------


def test_french_typography_is_that_of_quebec() -> None:
    """A no-break space before a colon and inside guillemets, nothing before ; ! ? (OQLF)."""
    for code, text in CATALOGUES["fr"].items():
        assert not re.search(r"(?<!\u00a0)[:»]|«(?!\u00a0)", text), code
        assert not re.search(r"\s[;!?]", text), code


def test_a_patient_reads_one_word_for_a_time_in_french() -> None:
    tables: Mapping[str, Mapping[str, str]] = tomllib.loads(texts()["fr"])

    for code, text in {**tables["patient"], **tables["problems"], **tables["desk"]}.items():
        assert not re.search(r"\bmoment|\bplages? (?!horaires?\b)", text), code


@pytest.mark.parametrize("language", LANGUAGES)
def test_quotes_are_curly(language: str) -> None:
    for code, text in CATALOGUES[language].items():
        assert not {"'", '"'} & set(text), code


def test_no_english_sentence_puts_a_full_stop_after_a_time() -> None:
    """A time ends in "p.m." already."""
    for code, text in CATALOGUES["en"].items():
        assert not re.search(r"\{(when|time|start|end)\}\.", text), code


def test_what_a_patient_reads_names_nobody_s_file() -> None:
    """R10: neither recognised nor not recognised."""
    for language in LANGUAGES:
        tables: Mapping[str, Mapping[str, str]] = tomllib.loads(texts()[language])
        for code, text in {**tables["patient"], **tables["problems"]}.items():
            assert not re.search(r"dossier|reconnu|\bfile\b|recogni", text), code


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ('"welcome" =', '"welcom" =', "fr: welcome: no sentence"),
        ('"welcome" =', '"welcom" =', "en: welcom: no sentence"),
        ("en ligne : cela", "{why} : cela", "fr: appointment.too-late: unknown placeholder why"),
        ("dans {wait}.", "bientôt.", "fr: attempts.too-many: the placeholder wait is missing"),
        ("dans {wait}.", "dans {wait!r}.", "fr: attempts.too-many: a placeholder is a plain word"),
        ("dans {wait}.", "dans {wait:>9}.", "fr: attempts.too-many: a placeholder is a plain word"),
        ("dans {wait}.", "dans {}.", "fr: attempts.too-many: a placeholder is a plain word"),
        ("dans {wait}.", "dans {wait.", "fr: attempts.too-many: a brace is not closed"),
        ("[desk]", '[desk]\n"welcome" = "Bonjour."', "fr: welcome: stands twice"),
        ("[desk]", '[desk]\n"empty" = " "', "fr: empty: no sentence"),
        ("[desk]", '[desk]\n"number" = 5', "fr: number: no sentence"),
        ("[patient]", 'loose = "Bonjour."\n[patient]', "fr: loose: must be a table of sentences"),
        ("[patient]", "[patient", "fr: not TOML"),
    ],
)
def test_a_mistake_in_a_catalogue_is_found_when_it_is_read(
    old: str, new: str, mistake: str
) -> None:
    """R11's spirit: found before a patient meets it."""
    good = texts()
    assert old in good["fr"]

    with pytest.raises(ConfigurationError) as raised:
        read_catalogues({**good, "fr": good["fr"].replace(old, new)})

    assert any(line.startswith(mistake) for line in raised.value.mistakes)


def test_a_code_that_is_declared_but_written_nowhere_is_a_mistake() -> None:
    without = {name: re.sub(r'"not-online" = .*\n', "", text) for name, text in texts().items()}

    with pytest.raises(ConfigurationError, match="not-online: declared, but in no catalogue"):
        read_catalogues(without)


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(InvalidValue, match="no sentence has this code"):
        sentence("no.such-code", "fr")


def test_a_sentence_says_which_detail_it_lacks() -> None:
    with pytest.raises(InvalidValue, match=r"'slot\.held' needs the details remaining, when"):
        sentence("slot.held", "fr")


def test_a_detail_that_is_not_asked_for_is_left_out() -> None:
    assert sentence("truth.true", "fr", phone=PHONE) == "vrai"


def test_a_detail_is_no_template() -> None:
    assert sentence("entry.missing", "en", field="{limit}") == "Please fill in “{limit}”."


def test_a_language_that_is_not_spoken_reads_as_french() -> None:
    """R49; as omnibook.clinic.Text does."""
    assert sentence("truth.true", "de") == "vrai"
    assert format_start(SLOT.start, MONTREAL, "de") == format_start(SLOT.start, MONTREAL, "fr")


def test_a_declared_placeholder_belongs_to_a_code_in_use() -> None:
    assert PLACEHOLDERS.keys() <= USED


def test_importing_the_library_imports_neither_messages_nor_babel() -> None:
    program = "import omnibook, sys; print({'babel', 'omnibook.messages'} & set(sys.modules))"
    done = subprocess.run(  # noqa: S603 - this very interpreter, and the line above
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "set()"


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
        (a_linked_appointment(), "It is not cancelled until you confirm that you want to cancel."),
        (a_linked_appointment(cancellable=False), f"to cancel it, phone the clinic at {PHONE}."),
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

    assert by_class[outcomes.Closed].endswith("Rendez-vous qui y restent prévus : 1.")
    assert by_class[outcomes.DayList] == "Rendez-vous ce jour-là : 1. Points à vérifier : 1."
    assert by_class[outcomes.NotCancellable].endswith("Son état : terminé.")
    assert "à 13 h 50" in by_class[outcomes.Opened]


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

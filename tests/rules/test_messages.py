"""Every code has its sentence in both languages, and patients can read them."""

import re
import subprocess
import sys
from enum import StrEnum
from typing import get_args

import attrs
import pytest

from omnibook import outcomes
from omnibook.availability import Obstacle
from omnibook.booking_form import BookingForm
from omnibook.clinic import Mode
from omnibook.eligibility import (
    FactName,
    FactState,
    ReasonCode,
    Truth,
)
from omnibook.errors import InvalidValue
from omnibook.health_numbers import SHIPPED_ISSUERS
from omnibook.identity import IdentityForm, MatchCause
from omnibook.leases import ReceiptCode, SetAsideCode
from omnibook.messages import (
    Outcome,
    describe_flag,
    describe_outcome,
    describe_problem,
    format_start,
    sentence,
)
from omnibook.notices import DropCode
from omnibook.number_warnings import NumberWarningCode
from omnibook.preference import Preference
from omnibook.problems import Problem, ProblemCode
from omnibook.records import (
    AppointmentStatus,
    FlagCode,
    NoticeKind,
)
from omnibook.text_codes import TEXTS
from omnibook.time_rules import (
    ClosedBy,
    RuleCode,
)
from support.samples_messages import (
    MONTREAL,
    PHONE,
    a_clinic,
)
from support.samples_outcomes import LANGUAGES, SAMPLES, SLOT

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
    SetAsideCode,
    ReceiptCode,
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
    "appointment.linked.confirmed",
    "desk.not-markable.too-early",
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
NEWS = {f"notice.{kind}" for kind in NoticeKind} | {
    f"notice.{kind}.by-clinic" for kind in (NoticeKind.CANCELLATION, NoticeKind.CHANGE)
}
NOTICE_CODES = (
    {f"{news}.{part}" for news in NEWS for part in ("subject", "title", "email", "text")}
    | {
        f"notice.{form}.{what}{how}"
        for form in ("email", "text")
        for what in ("change", "confirm")
        for how in ("", ".by-phone")
    }
    | {
        f"notice.{form}.{what}"
        for form in ("email", "text")
        for what in ("confirm.only", "confirmed", "too-late", "again")
    }
    | {f"notice.email.{what}" for what in ("page", "cutoff", "address")}
    | {f"notice.text.{what}" for what in ("details", "details.no-place", "closing")}
    | {f"notice.button.{what}" for what in ("change", "confirm")}
    | {f"notice.row.{what}" for what in ("service", "date", "time", "place", "phone")}
    | {"notice.label", "notice.greeting", "notice.row"}
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


# Completeness -----------------------------------------------------------------------------------


def test_every_code_has_a_sentence_and_every_sentence_a_code() -> None:
    assert TEXTS.keys() - USED == frozenset()
    assert USED - TEXTS.keys() == frozenset()


def test_every_outcome_has_a_sample_here() -> None:
    assert {type(sample) for sample in SAMPLES} == set(OUTCOME_CODES)
    assert set(get_args(Outcome)) == set(OUTCOME_CODES)


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


# Sentences --------------------------------------------------------------------------------------


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


def test_importing_the_library_imports_neither_messages_nor_babel() -> None:
    program = "import omnibook, sys; print({'babel', 'omnibook.messages'} & set(sys.modules))"
    done = subprocess.run(  # noqa: S603 - this very interpreter, and the line above
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "set()"

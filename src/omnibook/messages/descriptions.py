"""What a patient or a clerk reads for each outcome, problem, flag and reason.

An outcome's sentence is that of its code; a few have a variant for one of their states, such as an
appointment that was booked and has been cancelled since (R38). Nothing here knows more than the
outcome and the clinic, so that nothing more can be shown (R10, R14).
"""

from collections.abc import Iterator
from typing import TypeAlias

from omnibook import outcomes
from omnibook.clinic import Clinic
from omnibook.eligibility import Reason, Truth, Verdict
from omnibook.messages.catalogue import has_sentence, sentence
from omnibook.messages.moments import format_duration, format_start, round_up
from omnibook.messages.places import label_of, place_of
from omnibook.messages.plain_text import one_line
from omnibook.messages.rule_words import describe_rules
from omnibook.problems import Problem, ProblemCode
from omnibook.records import FlagCode, Slot
from omnibook.time_rules import EligibilityRule, HoldRule

Outcome: TypeAlias = (
    outcomes.IdentifyOutcome
    | outcomes.ResumeOutcome
    | outcomes.FindOutcome
    | outcomes.ReviewOutcome
    | outcomes.BackOutcome
    | outcomes.BookOutcome
    | outcomes.ShowOutcome
    | outcomes.CancelOutcome
    | outcomes.DeskOpenOutcome
    | outcomes.DeskCloseOutcome
    | outcomes.DeskWithdrawOutcome
    | outcomes.DeskImportOutcome
    | outcomes.DeskBookOutcome
    | outcomes.DeskCancelOutcome
    | outcomes.DeskContactOutcome
    | outcomes.DeskExplainServiceOutcome
    | outcomes.DeskExplainTimeOutcome
    | outcomes.DayList
    | outcomes.PurgeOutcome
    | outcomes.ExportOutcome
    | outcomes.EraseOutcome
)
"""Whatever a use case can answer."""

_DATES = frozenset({"first_date", "last_date"})
_TRUTHS = {Truth.TRUE: "truth.true", Truth.FALSE: "truth.false", Truth.UNKNOWN: "truth.unknown"}


def describe_outcome(outcome: Outcome, language: str, clinic: Clinic) -> str:
    """What a patient reads for an outcome, or staff for the desk's; several lines for a few.

    * :class:`~omnibook.problems.InvalidEntry`: a heading, then one line for each problem.
    * :class:`~omnibook.outcomes.SlotTaken`: then what the fresh search found, or that another time
      can be looked for.
    * An explanation for staff: then one line for each reason, or for each rule that is not met.
      :func:`describe_rules` tells the rules that are met too.

    Times are in the clinic's zone. Any language but ``"en"`` reads as French.
    """
    details = {"phone": one_line(clinic.phone), **_details(outcome, language, clinic)}
    first = sentence(_code(outcome), language, **details)
    return "\n".join((first, *_further_lines(outcome, language, clinic)))


def describe_problem(problem: Problem, language: str) -> str:
    """What is wrong with one field, by the field's name, and what to do about it (R11).

    A field that the catalogues do not know is called by its own name.
    """
    label = f"field.{problem.field}"
    known = sentence(label, language) if has_sentence(label) else problem.field.replace("_", " ")
    return sentence(_problem_code(problem), language, **{**problem.details, "field": known})


def describe_flag(code: FlagCode, language: str) -> str:
    """What staff should look at, and what to do."""
    return sentence(code, language)


def describe_reason(code: str, language: str) -> str:
    """What staff read for a reason's code: of eligibility, of a time, or of identification.

    The code itself for one without a sentence: a host's own criteria bring codes of their own.
    """
    return sentence(code, language) if has_sentence(code) else one_line(code)


def _problem_code(problem: Problem) -> str:
    """The code of the sentence: a variant where the details say more."""
    if problem.code is ProblemCode.PREFERENCE_MALFORMED and problem.field in _DATES:
        return f"{problem.code}.date"
    if "limit" in problem.details and has_sentence(f"{problem.code}.limit"):
        return f"{problem.code}.limit"
    issuer = str(problem.details.get("issuer", "")).lower()
    variant = f"{problem.code}.{issuer}"
    return variant if issuer and has_sentence(variant) else problem.code


def _code(outcome: Outcome) -> str:
    match outcome:
        case outcomes.Booked(appointment=appointment) if not appointment.status.occupies:
            return "appointment.booked.no-more"
        case outcomes.LinkedAppointment(cancelled=True):
            return "appointment.linked.cancelled"
        case outcomes.LinkedAppointment(cancellable=False):
            return "appointment.linked.by-phone"
        case outcomes.Page(offers=()):
            return "availabilities.none-left"
        case outcomes.ServiceExplanation(listed=False):
            return "desk.service-explained.not-listed"
        case outcomes.TimeExplanation(verdict=None, offered=False):
            return "desk.time-explained.not-offered"
        case outcomes.TimeExplanation(verdict=Verdict(), offered=offered):
            return f"desk.time-explained.{'to-patient' if offered else 'not-to-patient'}"
        case _:
            return outcome.code


def _details(outcome: Outcome, language: str, clinic: Clinic) -> dict[str, object]:
    match outcome:
        case outcomes.TooManyAttempts(retry_after=wait):
            return {"wait": format_duration(round_up(wait), language)}
        case outcomes.Held(slot=slot, remaining=remaining):
            when = format_start(slot.start, clinic.zone, language)
            return {"when": when, "remaining": format_duration(remaining, language)}
        case outcomes.Booked(appointment=appointment):
            return {
                "when": format_start(appointment.slot.start, clinic.zone, language),
                "reference": one_line(appointment.reference),
                "place": _place(appointment.slot, clinic, language),
            }
        case outcomes.LinkedAppointment(slot=slot):
            return {
                "when": format_start(slot.start, clinic.zone, language),
                "label": label_of(slot, clinic, language),
                "place": _place(slot, clinic, language),
            }
        case outcomes.Cancelled(slot=slot):
            return {"when": format_start(slot.start, clinic.zone, language)}
        case outcomes.TooLate(cutoff=cutoff):
            return {"cutoff": format_duration(cutoff, language)}
        case _:
            return _desk_details(outcome, language, clinic)


def _place(slot: Slot, clinic: Clinic, language: str) -> str:
    return place_of(slot, clinic, language) or one_line(clinic.name[language])


def _desk_details(outcome: Outcome, language: str, clinic: Clinic) -> dict[str, object]:
    match outcome:
        case outcomes.Opened(span=span) | outcomes.Closed(span=span):
            kept = len(outcome.appointments) if isinstance(outcome, outcomes.Closed) else 0
            return {
                "start": format_start(span.start, clinic.zone, language),
                "end": format_start(span.end, clinic.zone, language),
                "count": kept,
            }
        case outcomes.BusyImported(span=span, count=count, conflicts=conflicts):
            return {
                "start": format_start(span.start, clinic.zone, language),
                "end": format_start(span.end, clinic.zone, language),
                "count": count,
                "conflicts": len(conflicts),
            }
        case outcomes.Purged(total=total) | outcomes.Erased(total=total):
            return {"count": total}
        case outcomes.StillNeeded(appointments=appointments, holds=holds):
            return {"appointments": appointments, "holds": holds}
        case outcomes.ContactsEdited(contacts=contacts):
            return {"count": len(contacts)}
        case outcomes.NotCancellable(status=status):
            return {"status": describe_reason(f"status.{status}", language)}
        case outcomes.DayList(appointments=listed, flags=flags):
            return {"count": len(listed), "flags": len(flags)}
        case _:
            return {}


def _further_lines(outcome: Outcome, language: str, clinic: Clinic) -> Iterator[str]:
    match outcome:
        case outcomes.InvalidEntry(problems=problems):
            for problem in problems:
                yield f"• {describe_problem(problem, language)}"
        case outcomes.SlotTaken(fresh=None):
            yield sentence("slot.taken.search-again", language)
        case outcomes.SlotTaken(fresh=outcomes.Page() | outcomes.NoAvailability() as fresh):
            yield describe_outcome(fresh, language, clinic)
        case outcomes.ServiceExplanation(verdict=verdict):
            for reason in verdict.reasons:
                yield f"• {_reason_line(reason, language)}"
        case outcomes.TimeExplanation():
            for line in _against(outcome, language, clinic):
                yield f"• {line}"
        case _:
            pass


def _against(explanation: outcomes.TimeExplanation, language: str, clinic: Clinic) -> Iterator[str]:
    """What stands against a time, rule by rule; of one that the patient holds, until when."""
    for rule, said in describe_rules(explanation, language, clinic):
        held = isinstance(rule, HoldRule) and rule.own_until is not None
        # What the patient holds stays in the patient's list, whatever became of the time (R28).
        overruled = explanation.own_hold and rule.obstacle is not None
        if held or not (rule.met or overruled):
            yield said
            if isinstance(rule, EligibilityRule):
                yield from (_reason_line(each, language) for each in rule.verdict.reasons)


def _reason_line(reason: Reason, language: str) -> str:
    line = sentence(
        "reason.line",
        language,
        path=reason.path,
        reason=describe_reason(reason.code, language),
        truth=sentence(_TRUTHS[reason.truth], language),
    )
    if not reason.facts:
        return line
    facts = (
        sentence(
            "reason.fact",
            language,
            fact=sentence(f"fact.{used.name}", language),
            state=sentence(f"fact-state.{used.state}", language),
        )
        for used in reason.facts
    )
    return sentence("reason.line.facts", language, line=line, facts="; ".join(facts))

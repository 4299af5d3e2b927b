"""What a patient or a clerk reads for each outcome, problem, flag and reason.

An outcome's sentence is that of its code; a few have a variant for one of their states, such as an
appointment that was booked and has been cancelled since (R38). Nothing here knows more than the
outcome and the clinic, so that nothing more can be shown (R10, R14).
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TypeAlias

from attrs import frozen

from omnibook import outcomes
from omnibook.clinic import Clinic
from omnibook.eligibility import Reason, Truth, Verdict
from omnibook.messages.catalogue import has_sentence, sentence
from omnibook.messages.moments import format_duration, format_start, round_up
from omnibook.messages.places import label_of, place_of
from omnibook.messages.plain_text import one_line
from omnibook.messages.rule_words import describe_rules
from omnibook.problems import Problem, ProblemCode
from omnibook.records import FlagCode, Presence, Slot
from omnibook.time_rules import EligibilityRule, HoldRule

Outcome: TypeAlias = (
    outcomes.IdentifyOutcome
    | outcomes.ResumeOutcome
    | outcomes.FindOutcome
    | outcomes.ReviewOutcome
    | outcomes.BackOutcome
    | outcomes.BookOutcome
    | outcomes.ShowOutcome
    | outcomes.PresenceOutcome
    | outcomes.CancelOutcome
    | outcomes.FindForMoveOutcome
    | outcomes.MoveOutcome
    | outcomes.DeskOpenOutcome
    | outcomes.DeskCloseOutcome
    | outcomes.DeskWithdrawOutcome
    | outcomes.DeskImportOutcome
    | outcomes.DeskBookOutcome
    | outcomes.DeskCancelOutcome
    | outcomes.DeskMoveOutcome
    | outcomes.DeskPresenceOutcome
    | outcomes.DeskMarkOutcome
    | outcomes.DeskAttachOutcome
    | outcomes.DeskAppointmentsOutcome
    | outcomes.DeskTryAgainOutcome
    | outcomes.DeskContactOutcome
    | outcomes.DeskExplainServiceOutcome
    | outcomes.DeskExplainTimeOutcome
    | outcomes.DayList
    | outcomes.SetAsideList
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
    * :class:`~omnibook.outcomes.LinkedAppointment`: then that presence is confirmed, where it is.
    * An explanation for staff: then one line for each reason, or for each rule that is not met.
      :func:`describe_rules` tells the rules that are met too.

    In the clinic's own words where it has any; times are in its zone. Any language but ``"en"``
    reads as French.
    """
    words = _Words(language=language, clinic=clinic)
    first = words.say(_code(outcome), **words.details(outcome))
    return "\n".join((first, *_further_lines(outcome, words)))


def describe_problem(problem: Problem, language: str, clinic: Clinic | None = None) -> str:
    """What is wrong with one field, by the field's name, and what to do about it (R11).

    In the clinic's own words where it has any. A field that the catalogues do not know is called by
    its own name.
    """
    overrides = None if clinic is None else clinic.texts
    label = f"field.{problem.field}"
    known = (
        sentence(label, language, overrides=overrides)
        if has_sentence(label)
        else problem.field.replace("_", " ")
    )
    details = {**problem.details, "field": known}
    return sentence(_problem_code(problem), language, overrides=overrides, **details)


def describe_flag(code: FlagCode, language: str, clinic: Clinic | None = None) -> str:
    """What staff should look at, and what to do, in the clinic's own words where it has any."""
    return sentence(code, language, overrides=None if clinic is None else clinic.texts)


def describe_reason(code: str, language: str, clinic: Clinic | None = None) -> str:
    """What staff read for a code: a reason of eligibility, of a time, of identification, of a drop.

    The code itself for one without a sentence: a host's own criteria bring codes of their own.
    """
    if not has_sentence(code):
        return one_line(code)
    return sentence(code, language, overrides=None if clinic is None else clinic.texts)


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
        case outcomes.Booked(appointment=appointment) | outcomes.Moved(appointment=appointment):
            return outcome.code if appointment.status.occupies else "appointment.booked.no-more"
        case outcomes.LinkedAppointment(cancelled=True):
            return "appointment.linked.cancelled"
        case outcomes.LinkedAppointment(cancellable=False):
            return "appointment.linked.by-phone"
        case outcomes.Page(offers=()):
            return "availabilities.none-left"
        case outcomes.NotMarkable(not_before=datetime()):
            return "desk.not-markable.too-early"
        case outcomes.ServiceExplanation(listed=False):
            return "desk.service-explained.not-listed"
        case outcomes.TimeExplanation(verdict=None, offered=False):
            return "desk.time-explained.not-offered"
        case outcomes.TimeExplanation(verdict=Verdict(), offered=offered):
            return f"desk.time-explained.{'to-patient' if offered else 'not-to-patient'}"
        case _:
            return outcome.code


@frozen(kw_only=True)
class _Words:
    """The words of one description: its language, and the clinic whose words come first."""

    language: str
    clinic: Clinic

    def say(self, code: str, **details: object) -> str:
        """A sentence, with the clinic's phone at hand."""
        phone = one_line(self.clinic.phone)
        details = {"phone": phone, **details}
        return sentence(code, self.language, overrides=self.clinic.texts, **details)

    def details(self, outcome: Outcome) -> dict[str, object]:
        """What the sentence of an outcome needs to know of it."""
        match outcome:
            case outcomes.TooManyAttempts(retry_after=wait):
                return {"wait": format_duration(round_up(wait), self.language)}
            case outcomes.Held(slot=slot, remaining=remaining):
                left = format_duration(remaining, self.language)
                return {"when": self._when(slot.start), "remaining": left}
            case outcomes.Booked(appointment=appointment) | outcomes.Moved(appointment=appointment):
                return {
                    "when": self._when(appointment.slot.start),
                    "reference": one_line(appointment.reference),
                    "place": self._place(appointment.slot),
                }
            case outcomes.LinkedAppointment(slot=slot):
                return {
                    "when": self._when(slot.start),
                    "label": label_of(slot, self.clinic, self.language),
                    "place": self._place(slot),
                }
            case outcomes.Cancelled(slot=slot) | outcomes.PresenceConfirmed(slot=slot):
                return {"when": self._when(slot.start)}
            case outcomes.TooLate(cutoff=cutoff):
                return {"cutoff": format_duration(cutoff, self.language)}
            case _:
                return self._desk_details(outcome)

    def _desk_details(self, outcome: Outcome) -> dict[str, object]:
        match outcome:
            case outcomes.Opened(span=span):
                return {"start": self._when(span.start), "end": self._when(span.end)}
            case outcomes.Closed(span=span, appointments=kept):
                ends = {"start": self._when(span.start), "end": self._when(span.end)}
                return {**ends, "count": len(kept)}
            case outcomes.BusyImported(span=span, count=count, conflicts=conflicts):
                ends = {"start": self._when(span.start), "end": self._when(span.end)}
                return {**ends, "count": count, "conflicts": len(conflicts)}
            case outcomes.Purged(total=total) | outcomes.Erased(total=total):
                return {"count": total}
            case outcomes.StillNeeded(appointments=appointments, holds=holds):
                return {"appointments": appointments, "holds": holds}
            case outcomes.ContactsEdited(contacts=contacts):
                return {"count": len(contacts)}
            case outcomes.DayList() | outcomes.AppointmentList():
                return {"count": len(outcome.appointments), "flags": len(outcome.flags)}
            case outcomes.SetAsideList(notices=notices, orders=orders, events=events):
                return {"notices": len(notices), "orders": len(orders), "events": len(events)}
            case _:
                return self._status_details(outcome)

    def _status_details(self, outcome: Outcome) -> dict[str, object]:
        match outcome:
            case outcomes.NotMarkable(not_before=datetime() as not_before):
                return {"when": self._when(not_before)}
            case (
                outcomes.NotCancellable(status=status)
                | outcomes.NotMarkable(status=status)
                | outcomes.NotConfirmable(status=status)
                | outcomes.NotMovable(status=status)
            ):
                return {"status": self.say(f"status.{status}")}
            case outcomes.Marked(appointment=appointment):
                return {"status": self.say(f"status.{appointment.status}")}
            case _:
                return {}

    def _when(self, instant: datetime) -> str:
        overrides = self.clinic.texts
        return format_start(instant, self.clinic.zone, self.language, overrides=overrides)

    def _place(self, slot: Slot) -> str:
        name = one_line(self.clinic.name[self.language])
        return place_of(slot, self.clinic, self.language) or name


def _further_lines(outcome: Outcome, words: _Words) -> Iterator[str]:
    language, clinic = words.language, words.clinic
    match outcome:
        case outcomes.InvalidEntry(problems=problems):
            for problem in problems:
                yield f"• {describe_problem(problem, language, clinic)}"
        case outcomes.SlotTaken(fresh=None):
            yield words.say("slot.taken.search-again")
        case outcomes.SlotTaken(fresh=outcomes.Page() | outcomes.NoAvailability() as fresh):
            yield describe_outcome(fresh, language, clinic)
        case outcomes.LinkedAppointment(cancelled=False, presence=Presence()):
            yield words.say("appointment.linked.confirmed")
        case outcomes.ServiceExplanation(verdict=verdict):
            for reason in verdict.reasons:
                yield f"• {_reason_line(reason, words)}"
        case outcomes.TimeExplanation():
            for line in _against(outcome, words):
                yield f"• {line}"
        case _:
            pass


def _against(explanation: outcomes.TimeExplanation, words: _Words) -> Iterator[str]:
    """What stands against a time, rule by rule; of one that the patient holds, until when."""
    for rule, said in describe_rules(explanation, words.language, words.clinic):
        held = isinstance(rule, HoldRule) and rule.own_until is not None
        # What the patient holds stays in the patient's list, whatever became of the time (R28).
        overruled = explanation.own_hold and rule.obstacle is not None
        if held or not (rule.met or overruled):
            yield said
            if isinstance(rule, EligibilityRule):
                yield from (_reason_line(each, words) for each in rule.verdict.reasons)


def _reason_line(reason: Reason, words: _Words) -> str:
    line = words.say(
        "reason.line",
        path=reason.path,
        reason=describe_reason(reason.code, words.language, words.clinic),
        truth=words.say(_TRUTHS[reason.truth]),
    )
    if not reason.facts:
        return line
    facts = (
        words.say(
            "reason.fact",
            fact=words.say(f"fact.{used.name}"),
            state=words.say(f"fact-state.{used.state}"),
        )
        for used in reason.facts
    )
    return words.say("reason.line.facts", line=line, facts="; ".join(facts))

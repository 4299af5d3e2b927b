"""The host's own busy times, and what the desk may never book over (R30, R33, R40, R48).

A time is taken while somebody's claim or a busy time of the host lies in it. Importing busy times
evicts nothing: what they lie over stands, and is listed to staff.
"""

from collections.abc import Iterable

from attrs import evolve, frozen

from omnibook.audit import Operation
from omnibook.ids import AppointmentId, FlagId, ScheduleId, derived_id
from omnibook.outcomes import BusyImported, DeskImportOutcome
from omnibook.records import Busy, Flag, FlagCode
from omnibook.times import Span, outward
from omnibook.transactions import Again, Decision, ReplaceBusy, Snapshot


def is_taken(
    snapshot: Snapshot, schedule_id: ScheduleId, span: Span, *, ignoring: str | None = None
) -> bool:
    """Whether a live claim or a busy time overlaps the stretch; not the claim of ``ignoring``.

    A time that a visitor holds is as safe from the clinic as from other visitors (R33).
    """
    state = snapshot.schedules[schedule_id]
    claims = (
        claim.span
        for claim in state.claims
        if claim.is_live(snapshot.now) and claim.owner != ignoring
    )
    return any(each.overlaps(span) for each in (*claims, *(busy.span for busy in state.busy)))


@frozen(kw_only=True)
class BusyImport:
    """The busy times of one schedule within ``span``, as the host's own system has them now.

    Spans are widened to whole minutes (R30). Raises
    :class:`~omnibook.errors.InvalidValue` as :class:`~omnibook.transactions.ReplaceBusy` does.
    """

    word: ReplaceBusy
    operation: Operation

    @classmethod
    def of(
        cls, schedule_id: ScheduleId, span: Span, busy: Iterable[Busy], operation: Operation
    ) -> "BusyImport":
        """The import of these busy times."""
        widened = (evolve(each, span=outward(each.span.start, each.span.end)) for each in busy)
        word = ReplaceBusy(
            schedule_id=schedule_id,
            span=outward(span.start, span.end),
            busy=tuple(sorted(widened)),
        )
        return cls(word=word, operation=operation)

    @property
    def span(self) -> Span:
        """What the decision has to look at: the span, and all of what reaches into it."""
        spans = (self.word.span, *(each.span for each in self.word.busy))
        return Span(min(each.start for each in spans), max(each.end for each in spans))


def decide_import_busy(
    request: BusyImport, snapshot: Snapshot
) -> Decision[DeskImportOutcome] | Again:
    """Replace a schedule's busy times within a span; evict nothing (R40, R50).

    Returns a decision with :class:`BusyImported` and the live claims that the new busy times
    overlap. An import that finds everything as it is writes nothing.
    """
    word = request.word
    if not snapshot.scope.covers(word.schedule_id, request.span):
        return Again(snapshot.scope.widened({word.schedule_id: request.span}))
    state = snapshot.schedules[word.schedule_id]
    imported = evolve(snapshot, schedules={word.schedule_id: evolve(state, busy=word.busy)})
    outcome = BusyImported(
        schedule_id=word.schedule_id,
        span=word.span,
        count=len(word.busy),
        conflicts=busy_conflicts(imported),
    )
    known = tuple(sorted(each for each in state.busy if word.replaces(each)))
    if known == word.busy:
        return Decision(outcome)
    audit = request.operation.audit(snapshot.now, "import-busy", outcome.code)
    return Decision(outcome, (word, audit))


def busy_conflicts(snapshot: Snapshot) -> tuple[Flag, ...]:
    """What the host's busy times lie over: nothing is evicted, staff are told (R40).

    One flag for each live claim of the snapshot's schedules that a ``Busy`` overlaps, in the order
    of time; a held time is named by the identifier that its appointment would have.
    """
    return tuple(
        Flag(
            clinic_id=snapshot.scope.clinic_id,
            flag_id=FlagId(derived_id("flag", FlagCode.BUSY_CONFLICT, claim.owner)),
            code=FlagCode.BUSY_CONFLICT,
            appointment_id=AppointmentId(claim.owner),
            raised_at=snapshot.now,
        )
        for claim in sorted(each for state in snapshot.schedules.values() for each in state.claims)
        if claim.is_live(snapshot.now)
        and any(
            busy.span.overlaps(claim.span) for busy in snapshot.schedules[claim.schedule_id].busy
        )
    )

"""What a decision writes: all of it or nothing, once, and exactly what its last run asked for."""

from collections.abc import Callable

from attrs import evolve

from omnibook.errors import Contention, StoreError
from omnibook.ids import AppointmentId, HoldId, VisitId
from omnibook.ports import AuditTrail, FlagsOf, Query, ReadScope, Store
from omnibook.records import AppointmentStatus, AuditEvent, Flag, FlagCode, HoldState
from omnibook.testing.bench import Bench, StoreLaw
from omnibook.testing.interleaving import Rival
from omnibook.testing.laws import Seen, require, same
from omnibook.testing.laws_of_isolation import take, whole_or_nothing
from omnibook.testing.samples import (
    CLINIC,
    EVERYTHING,
    MICRO,
    NOW,
    SCHEDULE,
    appointment,
    at,
    audit,
    booking,
    cancelled,
    event,
    flag,
    hold,
    hours,
    keep,
    look,
    notice,
    order,
    visit,
)
from omnibook.transactions import (
    ROUNDS,
    Again,
    Decision,
    PutAppointment,
    PutEvent,
    PutHold,
    PutNotice,
    PutOrder,
    PutVisit,
    RaiseFlag,
    RecordAudit,
    Scope,
    Snapshot,
)


def _trail(store: Store) -> tuple[AuditEvent, ...]:
    query: Query[tuple[AuditEvent, ...]] = AuditTrail(clinic_id=CLINIC, span=hours(-99, 99))
    return store.read(query)[1]


def _flags(store: Store, about: str) -> tuple[Flag, ...]:
    return store.read(FlagsOf(clinic_id=CLINIC, appointments=frozenset({about})))[1]


def _all_together(bench: Bench) -> None:
    keep(bench.store, *booking("whole"))
    require(whole_or_nothing(bench.store, "whole"), "of what was written nothing is there")
    require(whole_or_nothing(bench.another(), "whole"), "another handle does not see it")
    same("the audit trail", _trail(bench.store), (audit("whole"),))
    same("the flags", _flags(bench.store, "whole"), (flag("whole", "whole"),))


def _nothing_of(store: Store, name: str) -> None:
    require(not whole_or_nothing(store, name), f"{name} was refused, and is there")
    same("the audit trail", [each.audit_id for each in _trail(store)], ["first"])
    same("the flags", _flags(store, name), ())


def _refused(bench: Bench) -> None:
    store = bench.store
    keep(store, *booking("first", 1))
    clash = PutHold(hold("clash", 1.5, minutes=60))
    beyond = PutAppointment(appointment("beyond", 24 * 500))
    twins = (PutHold(hold("a", 5, minutes=60)), PutAppointment(appointment("b", 5.5)))
    for bad in ((clash,), (beyond,), twins):
        for writes in ((*booking("half", 3), *bad), (*bad, *booking("half", 3))):
            try:
                keep(store, *writes)
            except StoreError:
                _nothing_of(store, "half")
                _nothing_of(bench.another(), "half")
            else:
                raise Seen(f"claims that overlap, or lie outside the scope, were kept: {bad!r}")
    claims = look(store, schedules=EVERYTHING.schedules).schedules[SCHEDULE].claims
    same("the claims", [claim.owner for claim in claims], ["first"])
    keep(store, *booking("half", 3))
    require(whole_or_nothing(store, "half"), "after a refusal nothing can be written any more")


def _raised(bench: Bench) -> None:
    store = bench.store
    keep(store, *booking("first", 1))

    class Bug(Exception):
        pass

    def decide(snapshot: Snapshot) -> Decision[None]:
        raise Bug(snapshot.now)

    for handle in (store, bench.another()):
        try:
            handle.transact(EVERYTHING, decide)
        except Bug:
            pass
        else:
            raise Seen("what the decision raised did not reach the caller")
    _nothing_of(store, "second")
    keep(bench.another(), *booking("second", 3))
    require(whole_or_nothing(store, "second"), "afterwards nothing can be written any more")


def _put_again(bench: Bench) -> None:
    store = bench.store
    for revision in (0, 1):
        later = at(revision)
        made = appointment("a", 1, revision=revision, language=("fr", "en")[revision])
        keep(
            store,
            PutVisit(visit("v", active_at=later)),
            PutHold(hold("h", 5, state=HoldState.RELEASED, expires_at=later)),
            PutAppointment(made),
            PutNotice(notice("n", revision=revision)),
            PutEvent(event("e", revision=revision)),
            PutOrder(order("o", done=bool(revision))),
        )
        seen = look(store, visit=VisitId("v"), hold=HoldId("h"), appointment=AppointmentId("a"))
        same("the visit", seen.visit, visit("v", active_at=later))
        same("the hold", seen.holds[HoldId("h")].expires_at, later)
        same("the appointment", seen.appointments[AppointmentId("a")], made)
        same("the notice", look(store, notice="n").notice, notice("n", revision=revision))
        same("the event", look(store, event="e").event, event("e", revision=revision))
        same("the order", look(store, order="o").order, order("o", done=bool(revision)))


def _once(bench: Bench) -> None:
    store = bench.store
    first, line = flag("f-1", "a-1"), audit("x-1")
    keep(store, RaiseFlag(first), RecordAudit(line))
    later = evolve(first, raised_at=at(1), code=FlagCode.BUSY_CONFLICT)
    keep(bench.another(), RaiseFlag(later), RecordAudit(evolve(line, code="other", at=at(1))))
    same("the flag raised twice", _flags(store, "a-1"), (first,))
    same("the line recorded twice", _trail(store), (line,))
    keep(store, RecordAudit(audit("x-3")), RecordAudit(audit("x-2", at=NOW - MICRO)))
    same("the trail", [each.audit_id for each in _trail(store)], ["x-2", "x-1", "x-3"])


def _claims_follow(bench: Bench) -> None:
    """A claim goes when its owner ends, and at nothing else."""
    store = bench.store

    def owners() -> list[str]:
        return [
            claim.owner
            for claim in look(store, schedules=EVERYTHING.schedules).schedules[SCHEDULE].claims
        ]

    held = hold("same", 1, minutes=60)
    made = appointment("same", 1)
    keep(store, PutHold(held))
    keep(store, PutHold(evolve(held, state=HoldState.BOOKED)), PutAppointment(made))
    for write in (
        PutNotice(notice("n", "same")),
        PutEvent(event("e", "same")),
        PutOrder(order("o", "same")),
        RaiseFlag(flag("f", "same")),
        RecordAudit(audit("x")),
        PutHold(evolve(held, state=HoldState.BOOKED, visit_id=VisitId("purged"))),
        PutAppointment(evolve(made, status=AppointmentStatus.ARRIVED)),
        PutHold(evolve(held, state=HoldState.RELEASED)),
        PutAppointment(evolve(made, status=AppointmentStatus.FULFILLED)),
    ):
        keep(store, write)
        same(f"who has the place after {type(write).__name__}", owners(), ["same"])
    keep(store, PutAppointment(appointment("same", 2)))
    claims = look(store, schedules=EVERYTHING.schedules).schedules[SCHEDULE].claims
    same("the place of what was moved", [claim.span for claim in claims], [hours(2, 3)])
    free = (
        cancelled(made),
        evolve(made, status=AppointmentStatus.NOSHOW),
        evolve(made, status=AppointmentStatus.ENTERED_IN_ERROR),
    )
    for each in free:
        keep(store, PutAppointment(made))
        keep(store, PutAppointment(each))
        same(f"who has the place of what is {each.status}", owners(), [])
        keep(store, PutHold(hold("next", 1)))
        keep(store, PutHold(hold("next", 1, state=HoldState.RELEASED)))


def _no_writes(bench: Bench) -> None:
    store = bench.store
    keep(store, *booking("first", 1))
    everything = look(store, schedules=EVERYTHING.schedules, visit=VisitId("first"))
    answer = store.transact(
        evolve(EVERYTHING, visit=VisitId("other")), lambda _: Decision("nothing")
    )
    same("the outcome", answer, "nothing")
    same(
        "the store", look(store, schedules=EVERYTHING.schedules, visit=VisitId("first")), everything
    )
    _nothing_of(store, "other")
    outcome = object()
    require(store.transact(EVERYTHING, lambda _: Decision(outcome)) is outcome, "another outcome")


def _again(bench: Bench) -> None:
    store = bench.store
    keep(store, PutHold(hold("h", 1, minutes=60)))
    wide = evolve(EVERYTHING, hold=HoldId("h"))
    for rounds in range(ROUNDS):
        left = [wide] * rounds
        name = f"after-{rounds}"

        def decide(
            snapshot: Snapshot, left: list[Scope] = left, name: str = name
        ) -> Decision[Snapshot] | Again:
            if left:
                return Again(left.pop())
            return Decision(snapshot, (RecordAudit(audit(name)),))

        seen = store.transact(wide if rounds == 0 else Scope(clinic_id=CLINIC), decide)
        same("the scope that was decided on", seen.scope, wide)
        same("the holds that it loads", list(seen.holds), ["h"])
        claims = seen.schedules[SCHEDULE].claims
        same("the claims that it loads", [claim.owner for claim in claims], ["h"])
        require(any(each.audit_id == name for each in _trail(store)), "its writes are lost")


_TOO_OFTEN = 50


def _never_content(bench: Bench) -> None:
    asked: list[Snapshot] = []

    def decide(snapshot: Snapshot) -> Again:
        asked.append(snapshot)
        if len(asked) > _TOO_OFTEN:
            raise Seen(f"it was asked {_TOO_OFTEN} times, and is asked again")
        return Again(snapshot.scope)

    ask: Callable[[Scope, Callable[[Snapshot], Again]], object] = bench.store.transact
    try:
        ask(EVERYTHING, decide)
    except Contention:
        same("how often it was asked", len(asked), ROUNDS)
    else:
        raise Seen("a decision that always asks for more was given up, but not as Contention")
    keep(bench.store, *booking("next"))


def _last_run(bench: Bench) -> None:
    """A rival gets in between, so that a store which does not lock must decide again."""
    for place in range(bench.effort.times(4)):
        _decides_again(bench, place)


def _decides_again(bench: Bench, place: int) -> None:
    store, other = bench.store, bench.another()
    rival = Rival(lambda: take(other, place, f"rival-{place}"))
    mine = hold(f"mine-{place}", place, minutes=600)
    runs: list[tuple[str, str]] = []

    def decide(snapshot: Snapshot) -> Decision[tuple[str, str]]:
        taken = any(
            claim.is_live(snapshot.now) and claim.span.overlaps(mine.claimed)
            for claim in snapshot.schedules[SCHEDULE].claims
        )
        rival.start()
        runs.append(("lost" if taken else "won", f"run-{place}-{len(runs)}"))
        line = RecordAudit(audit(runs[-1][1]))
        return Decision(runs[-1], (line,) if taken else (line, PutHold(mine)))

    answer = store.transact(EVERYTHING, decide)
    rival.finish()
    same("the outcome", answer, runs[-1])
    kept = mine.hold_id in look(store, hold=mine.hold_id).holds
    require(kept == (answer[0] == "won"), f"it says {answer[0]}, and that is not so")
    trail = [each.audit_id for each in _trail(store)]
    written = [each for each in trail if each.startswith(f"run-{place}-")]
    same("what its runs have written", written, [answer[1]])


def _same_writes_again(bench: Bench) -> None:
    """R38: a call whose answer was lost is repeated as it was."""
    for _ in range(2):
        for handle in (bench.store, bench.another()):
            keep(handle, *booking("same"))
    require(whole_or_nothing(bench.store, "same"), "of what was written twice nothing is there")
    same("the trail", _trail(bench.store), (audit("same"),))
    same("the flags", _flags(bench.store, "same"), (flag("same", "same"),))
    found = bench.store.read(ReadScope(evolve(EVERYTHING, visit=VisitId("same"))))[1]
    same("the holds", list(found.holds), ["same"])
    same("the claims", [each.owner for each in found.schedules[SCHEDULE].claims], ["same"])


LAWS = (
    StoreLaw("writing.together", "all that a decision writes is kept (R39, R50)", _all_together),
    StoreLaw(
        "writing.refused",
        "writes that would let two claims overlap, or claim time outside the scope, are refused "
        "with StoreError, and nothing of them is kept (R39, R40)",
        _refused,
    ),
    StoreLaw(
        "writing.raised",
        "what a decision raises reaches the caller, and nothing is kept nor locked (R39)",
        _raised,
    ),
    StoreLaw("writing.replaces", "a record put again takes the place of the first", _put_again),
    StoreLaw(
        "writing.once",
        "a flag raised twice and an audit event recorded twice are kept once, as they were first "
        "(R50)",
        _once,
    ),
    StoreLaw(
        "writing.claims",
        "a claim goes when what it is of ends, and at no other write; an ended hold does not take "
        "along the claim of the appointment booked from it (R37, R40, R46)",
        _claims_follow,
    ),
    StoreLaw("writing.nothing", "a decision without writes changes nothing", _no_writes),
    StoreLaw(
        "writing.again",
        "a decision that asks for a wider scope is run anew with it, a few rounds at most",
        _again,
    ),
    StoreLaw(
        "writing.rounds",
        "a decision that is never content ends in Contention, and nothing was written",
        _never_content,
    ),
    StoreLaw(
        "writing.last-run",
        "a decision may be run several times; its outcome and its writes are those of the run that "
        "was committed, and of no other",
        _last_run,
    ),
    StoreLaw("writing.repeated", "the same writes again change nothing (R38)", _same_writes_again),
)
"""The laws of writing."""

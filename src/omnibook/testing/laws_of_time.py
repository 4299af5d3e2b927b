"""Time: holds live to the microsecond, and a store's clock that never goes back (R34)."""

from datetime import datetime, timedelta

from attrs import evolve

from omnibook.adapters.clocks import ManualClock
from omnibook.errors import StoreError
from omnibook.ids import ScheduleId
from omnibook.ports import ReadScope, Store
from omnibook.records import Claim, ClaimKind, Hold
from omnibook.testing.bench import Bench, StoreLaw
from omnibook.testing.interleaving import Rival
from omnibook.testing.laws import Seen, require, same
from omnibook.testing.samples import (
    EVERYTHING,
    MICRO,
    NOW,
    OTHER,
    SCHEDULE,
    appointment,
    audit,
    flag,
    hold,
    hours,
    keep,
    look,
    notice,
    visit,
)
from omnibook.transactions import (
    CORRECTION,
    Decision,
    PutAppointment,
    PutHold,
    PutNotice,
    PutVisit,
    RaiseFlag,
    RecordAudit,
    Snapshot,
)

EXPIRY = NOW + timedelta(minutes=5, microseconds=1)
"""Off the second and off the millisecond, so that whoever rounds is seen."""


def _held(store: Store, expires_at: datetime = EXPIRY) -> Hold:
    made = evolve(hold("first"), expires_at=expires_at)
    keep(store, PutHold(made))
    return made


def _is_refused(store: Store, name: str = "second", room: ScheduleId = SCHEDULE) -> bool:
    try:
        keep(store, PutHold(hold(name, 1.5, minutes=60, schedule=room)))
    except StoreError:
        return True
    return False


def _expiry(bench: Bench) -> None:
    store = bench.store
    made = _held(store)
    bench.clock.set(EXPIRY - MICRO)
    seen = look(store, schedules={SCHEDULE: hours(1, 2)}, contacts=frozenset(), source=made.source)
    claim = _only_claim(seen)
    same("the claim's expiry", claim.expires_at, EXPIRY)
    require(claim.is_live(seen.now), "a microsecond before its end the hold is over")
    same("live holds of the source", list(seen.holds), ["first"])
    require(_is_refused(store), "a microsecond before its end another one took the place")
    bench.clock.set(EXPIRY)
    seen = look(store, schedules={SCHEDULE: hours(1, 2)})
    require(not _only_claim(seen).is_live(seen.now), "at its end the hold is still live")
    same("live holds of the source", list(look(store, source=made.source).holds), [])
    require(not _is_refused(store), "at its end the hold still keeps others out")
    same(
        "who has the place",
        _only_claim(look(store, schedules={SCHEDULE: hours(1, 3)})).owner,
        "second",
    )


def _only_claim(seen: Snapshot) -> Claim:
    claims = seen.schedules[SCHEDULE].claims
    if len(claims) != 1:
        raise Seen(f"one claim was expected, not {claims!r}")
    return claims[0]


def _lapsed_keeps_its_record(bench: Bench) -> None:
    store = bench.store
    made = _held(store)
    bench.clock.set(EXPIRY + timedelta(days=1))
    same(
        "the lapsed claim",
        _only_claim(look(store, schedules={SCHEDULE: hours(1, 2)})).owner,
        "first",
    )
    same("the record behind it", dict(look(store, hold=made.hold_id).holds), {made.hold_id: made})
    keep(store, PutAppointment(appointment("booked", 1.5)))
    claim = _only_claim(look(store, schedules={SCHEDULE: hours(1, 3)}))
    same("who has the place", (claim.kind, claim.owner), (ClaimKind.APPOINTMENT, "booked"))
    same("the swept one's record", dict(look(store, hold=made.hold_id).holds), {made.hold_id: made})
    same("by its visit", dict(look(store, visit=made.visit_id).holds), {made.hold_id: made})


def _timer(bench: Bench) -> None:
    store = bench.store
    made = _held(store)
    for write in (
        PutVisit(visit(active_at=NOW + timedelta(minutes=3))),
        RecordAudit(audit()),
        PutNotice(notice(about="first")),
        RaiseFlag(flag(about="first")),
        PutHold(hold("another", 3, minutes=60)),
        PutAppointment(appointment("booked", 4)),
        PutAppointment(appointment("elsewhere", 1, schedule=OTHER)),
    ):
        bench.clock.advance(timedelta(seconds=20))
        keep(store, write)
        claim = _only_claim(look(store, schedules={SCHEDULE: hours(1, 2)}))
        same(f"the expiry after {type(write).__name__}", claim.expires_at, EXPIRY)
        same("the record", look(store, hold=made.hold_id).holds.get(made.hold_id), made)
    longer = evolve(made, expires_at=EXPIRY + timedelta(minutes=1))
    keep(store, PutHold(longer))
    claim = _only_claim(look(store, schedules={SCHEDULE: hours(1, 2)}))
    same("the expiry of the hold put anew", claim.expires_at, longer.expires_at)


def _never_back(bench: Bench) -> None:
    store, other = bench.store, bench.another()
    for back in (MICRO, timedelta(minutes=10), CORRECTION):
        bench.clock.set(bench.clock.now() + timedelta(hours=3))
        last = bench.clock.now()
        keep(store, RecordAudit(audit(f"audit-{back}")))
        bench.clock.set(last - back)
        for handle in (store, other):
            now, seen = handle.read(ReadScope(EVERYTHING))
            require(now >= last, f"a read at {now}, though {last} was written at")
            require(seen.now >= last, f"a snapshot at {seen.now}, though {last} was written at")
            decided = handle.transact(EVERYTHING, lambda s: Decision(s.now))
            require(decided >= last, f"a decision at {decided}, though {last} was written at")
        bench.clock.set(last)


def _corrected(bench: Bench) -> None:
    store, wrong = bench.store, NOW + timedelta(days=400)
    bench.clock.set(wrong)
    keep(store, RecordAudit(audit("audit-wrong")))
    right = wrong - CORRECTION - MICRO
    for number, moment in enumerate((right, right + MICRO, NOW, NOW + timedelta(seconds=1))):
        bench.clock.set(moment)
        keep(store, RecordAudit(audit(f"audit-{number}")))
        same("the instant after the correction", store.read(ReadScope(EVERYTHING))[0], moment)


def _skewed(bench: Bench) -> None:
    """Two hosts, one of them slow: it must not see a hold that the other one let lapse as live."""
    fast, slow = bench.store, bench.another(ManualClock(NOW - timedelta(minutes=3)))
    _held(fast)
    bench.clock.set(EXPIRY)
    keep(fast, RecordAudit(audit()))
    seen = look(slow, schedules={SCHEDULE: hours(1, 2)})
    require(seen.now >= EXPIRY, f"the slow host decides at {seen.now}, after {EXPIRY}")
    require(not _is_refused(slow), "the slow host is kept out by a hold that is over")


def _after_the_wait(bench: Bench) -> None:
    for number in range(3):
        _waits(bench, hold(f"hold-{number}", number, minutes=600))


def _waits(bench: Bench, made: Hold) -> None:
    late = bench.clock.now() + timedelta(minutes=10)
    second = bench.another()
    seen: list[Snapshot] = []

    def wait(snapshot: Snapshot) -> Decision[None]:
        seen.append(snapshot)
        return Decision(None, (RecordAudit(audit(f"{made.hold_id}-{len(seen)}")),))

    rival = Rival(lambda: second.transact(EVERYTHING, wait))

    def decide(_: Snapshot) -> Decision[None]:
        rival.start()
        bench.clock.set(late)
        return Decision(None, (PutHold(made),))

    bench.store.transact(EVERYTHING, decide)
    rival.finish()
    for each in seen:
        if made.hold_id in each.holds:
            told = f"it saw what was written at {late}, and decided at {each.now}"
            require(each.now >= late, told)


LAWS = (
    StoreLaw(
        "time.expiry",
        "a hold is live while now < expires_at, to the microsecond, and at expires_at it is over "
        "and in nobody's way (R34)",
        _expiry,
    ),
    StoreLaw(
        "time.lapsed",
        "a lapsed hold's claim is shown until its place is taken, and its record outlives the "
        "claim (R38)",
        _lapsed_keeps_its_record,
    ),
    StoreLaw("time.timer", "no other write changes when a hold ends (R33, R34)", _timer),
    StoreLaw(
        "time.never-back",
        "a store's now is never before its last write, though the clock went back by up to an hour "
        "(R34)",
        _never_back,
        host_clock=True,
    ),
    StoreLaw(
        "time.corrected",
        "a clock that is set back by more than an hour was wrong before, and is believed",
        _corrected,
        host_clock=True,
    ),
    StoreLaw(
        "time.skewed",
        "all users of a store share one time: a host whose clock is slow decides no earlier than "
        "the last write (R34)",
        _skewed,
        host_clock=True,
    ),
    StoreLaw(
        "time.after-the-wait",
        "now is read after any wait: who sees what another one wrote decides at no earlier instant "
        "(clause 1)",
        _after_the_wait,
    ),
)
"""The laws of time."""

"""The queries of :mod:`omnibook.ports`, on their boundaries."""

from typing import Any

from omnibook.ids import ScheduleId, SubjectKey
from omnibook.ports import (
    AppointmentsByReference,
    AppointmentsWithin,
    AuditTrail,
    DueEvents,
    DueNotices,
    DueOrders,
    FlagsOf,
    Query,
    ReadSetAside,
    SetAside,
)
from omnibook.records import NoticeState
from omnibook.testing.bench import Bench, StoreLaw
from omnibook.testing.laws import same
from omnibook.testing.samples import (
    CLINIC,
    ELSEWHERE,
    MICRO,
    NOW,
    OTHER,
    SCHEDULE,
    appointment,
    at,
    audit,
    cancelled,
    event,
    flag,
    hours,
    in_clinic,
    keep,
    notice,
    order,
)
from omnibook.times import Span
from omnibook.transactions import (
    PutAppointment,
    PutEvent,
    PutNotice,
    PutOrder,
    RaiseFlag,
    RecordAudit,
)


def _appointments(bench: Bench) -> None:
    store = bench.store
    for name, start in {"before": -2, "into": -1.5, "in": 0, "last": 1, "after": 2}.items():
        keep(store, PutAppointment(appointment(name, start, length=0.5)))
    long = appointment("long", -20, schedule=OTHER, length=20.25)
    # Its buffers reach into the window, and its slot does not.
    wide = appointment("wide", 3, schedule=OTHER, claimed=hours(1.5, 4))
    gone = cancelled(appointment("gone", 0))
    same_start = appointment("also-in", 0.5, length=0.5)
    keep(store, *map(PutAppointment, (long, gone, wide, same_start)))
    foreign = in_clinic(ELSEWHERE, PutAppointment(appointment("foreign", 0)))
    keep(store, foreign, clinic_id=ELSEWHERE)

    def found(schedules: frozenset[ScheduleId] | None, span: Span) -> list[str]:
        query = AppointmentsWithin(clinic_id=CLINIC, span=span, schedules=schedules)
        return [each.appointment_id for each in store.read(query)[1]]

    window = hours(-1.25, 1.75)
    mine = ["into", "gone", "in", "also-in", "last"]
    same("in every room", found(None, window), ["long", *mine])
    same("in one room", found(frozenset({SCHEDULE}), window), mine)
    same("in the other", found(frozenset({OTHER}), window), ["long"])
    same("in no room", found(frozenset(), window), [])
    same("at an end", found(None, hours(-1, 0)), ["long"])


def _flags(bench: Bench) -> None:
    store = bench.store
    earlier = NOW - MICRO
    keep(
        store,
        *(RaiseFlag(flag(name, "a")) for name in ("f-2", "f-1")),
        RaiseFlag(flag("f-3", "b", raised_at=earlier)),
        RaiseFlag(flag("f-4", "c")),
    )
    asked = FlagsOf(clinic_id=CLINIC, appointments=frozenset({"a", "b", "unknown"}))
    same("the flags", [each.flag_id for each in store.read(asked)[1]], ["f-3", "f-1", "f-2"])
    nobody = FlagsOf(clinic_id=CLINIC, appointments=frozenset())
    same("the flags of nothing", store.read(nobody)[1], ())
    foreign = FlagsOf(clinic_id=ELSEWHERE, appointments=frozenset({"a", "b"}))
    same("another clinic's flags", store.read(foreign)[1], ())


def _due(bench: Bench) -> None:
    store = bench.store
    moments = {"b": NOW, "a": NOW, "z": NOW - MICRO, "later": NOW + MICRO, "tomorrow": at(24)}
    for name, moment in moments.items():
        keep(
            store,
            PutNotice(notice(name, not_before=moment)),
            PutEvent(event(name, not_before=moment, at=at(-3))),
            PutOrder(order(name, not_before=moment)),
        )
    keep(
        store,
        PutNotice(notice("sent", state=NoticeState.SENT)),
        PutEvent(event("told", done=True)),
        PutOrder(order("done", done=True)),
        *(
            PutNotice(notice(f"n-{state}", state=state, attempts=9))
            for state in NoticeState
            if state is not NoticeState.QUEUED
        ),
        PutEvent(event("set-aside", failed=True, attempts=9)),
        PutOrder(order("set-aside", failed=True, attempts=9)),
    )
    kinds: tuple[Any, ...] = (DueNotices, DueEvents, DueOrders)
    for kind in kinds:
        for limit, promised in ((100, "z a b"), (3, "z a b"), (2, "z a"), (1, "z"), (0, "")):
            query: Query[Any] = kind(clinic_id=CLINIC, limit=limit)
            name = f"{kind.__name__}(limit={limit})"
            same(name, store.read(query), (NOW, tuple(promised.split())))
        same(f"another clinic's {kind.__name__}", store.read(kind(clinic_id=ELSEWHERE))[1], ())
    bench.clock.advance(MICRO)
    for kind in kinds:
        due = store.read(kind(clinic_id=CLINIC))[1]
        same(f"{kind.__name__} a microsecond later", due, ("z", "a", "b", "later"))


def _set_aside(bench: Bench) -> None:
    store = bench.store
    failed = NoticeState.FAILED
    moments = {"b": NOW, "a": NOW, "z": NOW - MICRO, "later": at(24)}
    tries = dict(zip(moments, (1, 9, 3, 10**6), strict=True))

    def aside(name: str) -> dict[str, Any]:
        return {"not_before": moments[name], "attempts": tries[name]}

    for name in moments:
        keep(
            store,
            PutNotice(notice(name, state=failed, outcome="notice.refused", **aside(name))),
            PutOrder(order(name, failed=True, **aside(name))),
            PutEvent(event(name, failed=True, **aside(name))),
        )
    others = [each for each in NoticeState if each is not failed]
    keep(
        store,
        *(PutNotice(notice(f"n-{each}", state=each, attempts=5)) for each in others),
        *(PutOrder(order(f"o-{each}", done=each, attempts=5)) for each in (False, True)),
        *(PutEvent(event(f"e-{each}", done=each, attempts=5)) for each in (False, True)),
    )
    for limit, names in ((100, "z a b later"), (3, "z a b"), (1, "z"), (0, "")):
        promised = SetAside(
            notices=tuple(
                notice(name, state=failed, outcome="notice.refused", **aside(name))
                for name in names.split()
            ),
            orders=tuple(order(name, failed=True, **aside(name)) for name in names.split()),
            events=tuple(event(name, failed=True, **aside(name)) for name in names.split()),
        )
        asked = ReadSetAside(clinic_id=CLINIC, limit=limit)
        same(f"what was set aside, at most {limit}", store.read(asked), (NOW, promised))
    elsewhere = store.read(ReadSetAside(clinic_id=ELSEWHERE))[1]
    same("what was set aside in another clinic", elsewhere, SetAside())
    # Staff have all of it tried again.
    for name, moment in moments.items():
        more: dict[str, Any] = {"not_before": moment}
        keep(
            store,
            PutNotice(notice(name, **more)),
            PutOrder(order(name, **more)),
            PutEvent(event(name, **more)),
        )
    same("what is still set aside", store.read(ReadSetAside(clinic_id=CLINIC))[1], SetAside())
    kinds: tuple[Any, ...] = (DueNotices, DueEvents, DueOrders)
    for kind in kinds:
        due = store.read(kind(clinic_id=CLINIC))[1]
        again = [name for name in due if name in moments]
        same(f"{kind.__name__} once it is tried again", again, ["z", "a", "b"])


def _reference(bench: Bench) -> None:
    store = bench.store
    made = {
        "late": appointment("late", 5),
        "b": appointment("b", 3),
        "a": appointment("a", 3, schedule=OTHER),
        "gone": cancelled(appointment("gone", 3)),
        "other": appointment("other", 7, reference="K7TM-42QY"),
        "folded": appointment("folded", 8, reference="k7tm-42qx"),
        "longer": appointment("longer", 9, reference="K7TM-42QX "),
    }
    keep(store, *map(PutAppointment, made.values()))
    foreign = in_clinic(ELSEWHERE, PutAppointment(appointment("foreign", 1)))
    keep(store, foreign, clinic_id=ELSEWHERE)
    for reference, names in (
        ("K7TM-42QX", "a b gone late"),
        ("K7TM-42QY", "other"),
        ("k7tm-42qx", "folded"),
        ("K7TM", ""),
        ("%", ""),
        ("", ""),
    ):
        asked = AppointmentsByReference(clinic_id=CLINIC, reference=reference)
        promised = tuple(made[name] for name in names.split())
        same(f"the appointments of {reference!r}", store.read(asked)[1], promised)


def _trail(bench: Bench) -> None:
    store = bench.store
    names = {"x-2": NOW, "x-1": NOW, "x-0": NOW + MICRO, "x-9": NOW - MICRO, "end": at(1)}
    for name, moment in names.items():
        keep(store, RecordAudit(audit(name, at=moment)))
    keep(store, RecordAudit(audit("other", subject=SubjectKey("subject-2"))))
    keep(store, RecordAudit(audit("nobody", subject=None)))

    def found(subject: SubjectKey | None, span: Span) -> list[str]:
        query = AuditTrail(clinic_id=CLINIC, span=span, subject=subject)
        return [each.audit_id for each in store.read(query)[1]]

    hour = hours(0, 1)
    same("the trail", found(None, hour), ["nobody", "other", "x-1", "x-2", "x-0"])
    same("of one subject", found(SubjectKey("subject-1"), hour), ["x-1", "x-2", "x-0"])
    same("of the other", found(SubjectKey("subject-2"), hour), ["other"])
    just = Span(NOW - MICRO, NOW)
    same("of a microsecond", found(None, just), ["x-9"])
    same("of a day before", found(None, hours(-25, -24)), [])
    same("the end", found(None, Span(at(1), at(1) + MICRO)), ["end"])


LAWS = (
    StoreLaw(
        "asking.appointments",
        "AppointmentsWithin gives those of any status whose slot overlaps the span, by start, "
        "schedule and identifier; buffers do not count",
        _appointments,
    ),
    StoreLaw(
        "asking.flags",
        "FlagsOf gives every flag of these appointments, by instant and identifier",
        _flags,
    ),
    StoreLaw(
        "asking.due",
        "what waits is due from its not_before on, the longest due first, then by identifier, and "
        "no more than the limit; what is done or set aside is never due",
        _due,
    ),
    StoreLaw(
        "asking.set-aside",
        "ReadSetAside gives the notices, orders and events that were set aside, as they are kept, "
        "by not_before and identifier, no more of each than the limit; tried again, they are due",
        _set_aside,
    ),
    StoreLaw(
        "asking.reference",
        "AppointmentsByReference gives those of any status with exactly this reference number in "
        "this clinic, by start, schedule and identifier (R42)",
        _reference,
    ),
    StoreLaw(
        "asking.trail",
        "AuditTrail gives the events within the half-open span, by instant and identifier, of one "
        "subject if one is given (R50)",
        _trail,
    ),
)
"""The laws of queries."""

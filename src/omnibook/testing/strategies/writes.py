"""What is asked of a store: any writes, scopes and queries, of the records' small pools."""

from datetime import timedelta
from functools import cache
from typing import Any

from hypothesis import strategies as st

from omnibook.daybits import day_of
from omnibook.ports import (
    AppointmentsByReference,
    AppointmentsWithin,
    AuditTrail,
    DueEvents,
    DueNotices,
    DueOrders,
    FlagsOf,
    Query,
    ReadDays,
    ReadOutlook,
    ReadScope,
    ReadSetAside,
)
from omnibook.records import Busy
from omnibook.testing.strategies.records import (
    ALWAYS,
    APPOINTMENTS,
    BASE,
    CLINIC,
    CLOSURES,
    EVENTS,
    HOLDS,
    NOTICES,
    OPENINGS,
    ORDERS,
    PATIENTS,
    REFERENCES,
    SCHEDULES,
    SOURCES,
    SUBJECTS,
    VISITS,
    appointments,
    audit_events,
    contact_keys,
    contact_orders,
    desk_closures,
    desk_openings,
    events,
    flags,
    holds,
    notices,
    of,
    spans,
    visits,
)
from omnibook.times import MINUTE, Span, to_minute
from omnibook.transactions import (
    DropDeskClosure,
    DropDeskOpening,
    PutAppointment,
    PutDeskClosure,
    PutDeskOpening,
    PutEvent,
    PutHold,
    PutNotice,
    PutOrder,
    PutVisit,
    RaiseFlag,
    RecordAudit,
    ReplaceBusy,
    Scope,
    Write,
)

_TODAY = day_of(to_minute(BASE))


@st.composite
def replacements(draw: st.DrawFn) -> ReplaceBusy:
    """An import: each busy time overlaps the span by a minute at least."""
    schedule_id, span = draw(of(SCHEDULES)), draw(spans())
    names = draw(st.lists(st.sampled_from(("busy-1", "busy-2", "busy-3")), max_size=2, unique=True))
    starts = (span.start - timedelta(hours=1), span.start, span.end - MINUTE)
    busy: list[Busy] = []
    for name in names:
        start = draw(st.sampled_from(starts))
        meets = Span(start, max(start, span.start) + MINUTE)
        busy.append(Busy(span=meets, schedule_id=schedule_id, busy_id=name))
    return ReplaceBusy(schedule_id=schedule_id, span=span, busy=tuple(busy))


def writes() -> st.SearchStrategy[Write]:
    """Any word of a decision; claims may overlap, so that a store may refuse it."""
    return st.one_of(
        st.builds(PutVisit, visits()),
        st.builds(PutHold, holds()),
        st.builds(PutAppointment, appointments()),
        st.builds(PutDeskOpening, desk_openings()),
        st.builds(PutDeskClosure, desk_closures()),
        st.builds(DropDeskOpening, of(OPENINGS)),
        st.builds(DropDeskClosure, of(CLOSURES)),
        replacements(),
        st.builds(PutNotice, notices()),
        st.builds(PutEvent, events()),
        st.builds(PutOrder, contact_orders()),
        st.builds(RaiseFlag, flags()),
        st.builds(RecordAudit, audit_events()),
    )


def scopes() -> st.SearchStrategy[Scope]:
    """Any choice of keys, each of them left out half the time."""
    return st.builds(
        Scope,
        clinic_id=st.just(CLINIC),
        schedules=st.dictionaries(of(SCHEDULES), spans() | st.just(ALWAYS), max_size=3),
        visit=st.none() | of(VISITS),
        hold=st.none() | of(HOLDS),
        contacts=contact_keys(),
        source=st.none() | of(SOURCES),
        patients=st.frozensets(of(PATIENTS), max_size=2),
        appointment=st.none() | of(APPOINTMENTS),
        opening=st.none() | of(OPENINGS),
        closure=st.none() | of(CLOSURES),
        notice=st.none() | of(NOTICES),
        event=st.none() | of(EVENTS),
        order=st.none() | of(ORDERS),
    )


@st.composite
def day_queries(draw: st.DrawFn) -> ReadDays:
    """Some days of some schedules, near those on which something may stand."""
    first = _TODAY + draw(st.integers(-3, 2))
    return ReadDays(
        clinic_id=CLINIC,
        schedules=draw(st.frozensets(of(SCHEDULES))),
        first=first,
        last=first + draw(st.sampled_from((0, 0, 1, 5, 800))),
    )


@cache
def queries() -> st.SearchStrategy[Query[Any]]:
    """Any question to a store."""
    return st.one_of(queries_of_records(), st.builds(ReadOutlook, scope=scopes()), day_queries())


@cache
def queries_of_records() -> st.SearchStrategy[Query[Any]]:
    """Any question whose answer has no version in it: two stores give the same one."""
    clinic = st.just(CLINIC)
    limit = st.sampled_from((0, 1, 2, 100))
    windows = spans() | st.just(ALWAYS)
    schedules = st.none() | st.frozensets(of(SCHEDULES))
    subjects = st.none() | of(SUBJECTS)
    return st.one_of(
        st.builds(ReadScope, scopes()),
        st.builds(AppointmentsWithin, clinic_id=clinic, span=windows, schedules=schedules),
        st.builds(AppointmentsByReference, clinic_id=clinic, reference=of(REFERENCES)),
        st.builds(FlagsOf, clinic_id=clinic, appointments=st.frozensets(of(APPOINTMENTS))),
        st.builds(DueNotices, clinic_id=clinic, limit=limit),
        st.builds(DueEvents, clinic_id=clinic, limit=limit),
        st.builds(DueOrders, clinic_id=clinic, limit=limit),
        st.builds(ReadSetAside, clinic_id=clinic, limit=limit),
        st.builds(AuditTrail, clinic_id=clinic, span=windows, subject=subjects),
    )


EVERYTHING = Scope(clinic_id=CLINIC, schedules=dict.fromkeys(SCHEDULES, ALWAYS))
"""Every schedule, for as long as the pools reach: what writes of claims need."""

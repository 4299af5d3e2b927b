"""The public API as a host writes it, for the type checkers: nothing here is run.

``assert_never`` proves that each union names every outcome, ``assert_type`` that callers see the
types that the documentation promises.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import assert_never, assert_type

import omnibook as ob
from omnibook.adapters.sql import AsyncSqlLimiter, SqlLimiter
from omnibook.blind_indexes import BlindIndexer
from omnibook.clinic import Opening
from omnibook.contact_edits import ContactEdit, edited
from omnibook.dispatch import AsyncDispatcher, Delivered, Dispatcher
from omnibook.eligibility import Verdict
from omnibook.identity import BlindKeys, IdentityKeys
from omnibook.ids import (
    AppointmentId,
    ClinicId,
    ClosureId,
    NoticeId,
    OpeningId,
    OrderId,
    PatientId,
    ScheduleId,
)
from omnibook.messages import describe_outcome, describe_rules, sentence
from omnibook.number_warnings import NumberWarning, number_warnings
from omnibook.outcomes import (
    DeskBookOutcome,
    DeskCancelOutcome,
    DeskCloseOutcome,
    DeskExplainServiceOutcome,
    DeskExplainTimeOutcome,
    DeskOpenOutcome,
    DeskWithdrawOutcome,
)
from omnibook.outlook import HeldTime, Outlook, ScheduleDays
from omnibook.own_texts import OwnTexts
from omnibook.ports import (
    Archive,
    AsyncAttemptLimiter,
    AsyncContactEditor,
    AsyncEventSink,
    AsyncNotifier,
    AsyncPatientDirectory,
    AsyncScheduleSource,
    AsyncStore,
    Attempt,
    AttemptLimiter,
    Clock,
    ContactEditor,
    EventSink,
    Keys,
    Message,
    Notifier,
    PatientDirectory,
    ReadDays,
    ReadOutlook,
    ScheduleSource,
    Store,
    Tokens,
)
from omnibook.receipts import Receipt, ReceiptStatus
from omnibook.records import Event
from omnibook.time_rules import (
    AlreadyBookedRule,
    AppointmentRule,
    BusyRule,
    ClosureRule,
    EligibilityRule,
    GridRule,
    HoldRule,
    HorizonRule,
    LengthRule,
    NoticeRule,
    OnlineRule,
    OpeningRule,
    OpeningTime,
    ReleaseRule,
    StartRule,
    TimeRule,
)
from omnibook.transactions import Scope


def the_adapters_fit_their_ports(clinic: ob.Clinic) -> None:
    store: Store = ob.MemoryStore()
    directory: PatientDirectory = ob.MemoryDirectory()
    schedules: ScheduleSource = ob.ClinicSchedules(clinic)
    keys: Keys = ob.Keyring.generate()
    clock: Clock = ob.SystemClock()
    manual: Clock = ob.ManualClock(clock.now())
    limiter: AttemptLimiter = ob.MemoryLimiter(manual, ob.LimiterPolicy(per_source=7))
    tokens: Tokens = ob.RandomTokens()
    notifier: Notifier = ob.RecordingNotifier()
    events: EventSink = ob.RecordingEvents()
    portal = ob.Portal(
        clinic,
        store=store,
        directory=directory,
        keys=keys,
        schedules=schedules,
        limiter=limiter,
        tokens=tokens,
    )
    dispatcher = Dispatcher(
        clinic,
        store=store,
        directory=directory,
        keys=keys,
        notifiers={ob.ContactSystem.EMAIL: notifier},
        events=events,
        link_address=lambda link: f"https://example.org/{link}",
    )
    assert_type(portal, ob.Portal)
    assert_type(dispatcher.run_once(), Delivered)
    assert_type(dispatcher.run_once(lambda: True), Delivered)
    assert_type(dispatcher.note_receipt(a_receipt()), bool)


def a_receipt() -> Receipt:
    return Receipt(notice_id=NoticeId("n"), status=ReceiptStatus.DELIVERED)


class HostsDirectory:
    """What a host writes for its own patient files: no base class."""

    def candidates(self, keys: IdentityKeys) -> Sequence[ob.Patient]:
        return []

    def get(self, patient_id: PatientId) -> ob.Patient | None:
        return None

    def append_contacts(
        self, patient_id: PatientId, points: Sequence[ob.ContactPoint], *, order_id: OrderId
    ) -> Sequence[ob.ContactPoint]:
        return points


class HostsEditor(HostsDirectory):
    """The same, where staff edit contacts."""

    def edit_contacts(
        self, patient_id: PatientId, edit: ContactEdit, *, order_id: OrderId
    ) -> Sequence[ob.ContactPoint] | None:
        return edited((), edit)


class HostsOthers:
    """A host's own schedules, limiter, notifier and event sink."""

    def openings(self, schedule_ids: Sequence[ScheduleId]) -> dict[ScheduleId, tuple[Opening, ...]]:
        return {}

    def versions(self, schedule_ids: Sequence[ScheduleId]) -> dict[ScheduleId, str]:
        return {}

    def admit(self, attempt: Attempt) -> timedelta | None:
        return None

    def send(self, message: Message) -> None: ...

    def tell(self, event: Event) -> None: ...


def a_hosts_own_adapters_fit(clinic: ob.Clinic) -> tuple[ob.Portal, Notifier, EventSink]:
    others = HostsOthers()
    portal = ob.Portal(
        clinic,
        store=ob.MemoryStore(),
        directory=HostsDirectory(),
        keys=ob.Keyring.from_env(),
        schedules=others,
        limiter=others,
    )
    return portal, others, others


def an_editor_and_a_limiter_in_sql_fit_their_ports(
    clinic_id: ClinicId,
) -> tuple[AsyncAttemptLimiter, AsyncContactEditor]:
    editor: ContactEditor = HostsEditor()
    memory: ContactEditor = ob.MemoryDirectory()
    limiter: AttemptLimiter = SqlLimiter("sqlite://", clinic_id, ob.LimiterPolicy())
    attempt = Attempt(source="203.0.113.7", health_number=None, person="a keyed hash")
    assert_type(limiter.admit(attempt), timedelta | None)
    assert_type((editor, memory), tuple[ContactEditor, ContactEditor])
    return AsyncSqlLimiter("sqlite://", clinic_id), HostsAwaited()


class HostsAwaited:
    """The same as coroutines; one class may stand for several ports."""

    async def candidates(self, keys: IdentityKeys) -> Sequence[ob.Patient]:
        return []

    async def get(self, patient_id: PatientId) -> ob.Patient | None:
        return None

    async def append_contacts(
        self, patient_id: PatientId, points: Sequence[ob.ContactPoint], *, order_id: OrderId
    ) -> Sequence[ob.ContactPoint]:
        return points

    async def edit_contacts(
        self, patient_id: PatientId, edit: ContactEdit, *, order_id: OrderId
    ) -> Sequence[ob.ContactPoint] | None:
        return edited((), edit)

    async def openings(
        self, schedule_ids: Sequence[ScheduleId]
    ) -> dict[ScheduleId, tuple[Opening, ...]]:
        return {}

    async def versions(self, schedule_ids: Sequence[ScheduleId]) -> dict[ScheduleId, str]:
        return {}

    async def admit(self, attempt: Attempt) -> timedelta | None:
        return None

    async def send(self, message: Message) -> None: ...

    async def tell(self, event: Event) -> None: ...


async def awaited_ports_fit_the_awaited_facades(clinic: ob.Clinic) -> None:
    store: AsyncStore = ob.AsyncMemoryStore(ob.SystemClock())
    over: AsyncStore = ob.AsyncMemoryStore(over=ob.MemoryStore())
    hosts, others, keys = HostsAwaited(), HostsOthers(), ob.Keyring.generate()
    directory: AsyncPatientDirectory = hosts
    schedules: AsyncScheduleSource = hosts
    limiter: AsyncAttemptLimiter = hosts
    notifier: AsyncNotifier = hosts
    events: AsyncEventSink = hosts
    portal = ob.AsyncPortal(
        clinic,
        store=store,
        directory=directory,
        keys=keys,
        schedules=schedules,
        limiter=limiter,
        tokens=ob.RandomTokens(),
    )
    of_either_kind = ob.AsyncPortal(
        clinic, store=over, directory=HostsDirectory(), keys=keys, limiter=others
    )
    assert_type(await portal.resume("text"), ob.ResumeOutcome)
    assert_type(await of_either_kind.cancel("link", reason="ill"), ob.CancelOutcome)
    desk = ob.AsyncFrontDesk(clinic, store=store, directory=hosts, keys=keys)
    assert_type(await desk.day(date(2026, 3, 2), actor=ob.Actor.staff("staff-7")), ob.DayList)
    dispatcher = AsyncDispatcher(
        clinic,
        store=store,
        directory=directory,
        keys=keys,
        notifiers={ob.ContactSystem.EMAIL: notifier, ob.ContactSystem.PHONE: others},
        events=events,
    )
    assert_type(await dispatcher.run_once(), Delivered)
    assert_type(await dispatcher.note_receipt(a_receipt()), bool)


def what_blocks_or_has_to_be_awaited_does_not_fit(clinic: ob.Clinic) -> None:
    """An ignored error that is none is an error: so these stay errors."""
    keys, plain, hosts = ob.Keyring.generate(), ob.MemoryDirectory(), HostsAwaited()
    ob.AsyncPortal(
        clinic,
        store=ob.MemoryStore(),  # type: ignore[arg-type]
        directory=plain,
        keys=keys,
    )
    ob.Portal(
        clinic,
        store=ob.AsyncMemoryStore(),  # type: ignore[arg-type]
        directory=hosts,  # type: ignore[arg-type]
        keys=keys,
        schedules=hosts,  # type: ignore[arg-type]
        limiter=hosts,  # type: ignore[arg-type]
    )
    Dispatcher(
        clinic,
        store=ob.MemoryStore(),
        directory=plain,
        keys=keys,
        notifiers={ob.ContactSystem.EMAIL: hosts},  # type: ignore[dict-item]
        events=hosts,  # type: ignore[arg-type]
    )


def welcome(outcome: ob.IdentifyOutcome) -> ob.VisitToken | None:
    match outcome:
        case ob.Welcome(visit=visit, services=services):
            assert_type(services, tuple[ob.OfferedService, ...])
            return visit
        case ob.NotOnline():
            return None
        case ob.InvalidEntry(problems=problems):
            assert_type(problems, tuple[ob.Problem, ...])
            return None
        case ob.TooManyAttempts(retry_after=wait):
            assert_type(wait, timedelta)
            return None
        case _:
            assert_never(outcome)


def resumed(outcome: ob.ResumeOutcome) -> bool:
    match outcome:
        case ob.Welcome():
            return True
        case ob.NotOnline() | ob.VisitOver():
            return False
        case _:
            assert_never(outcome)


def found(outcome: ob.FindOutcome) -> tuple[ob.Slot, ...]:
    match outcome:
        case ob.Page(offers=offers, shown=shown, cursor=cursor):
            assert_type(offers, tuple[ob.Offer, ...])
            assert_type(shown, int)
            assert_type(cursor, str | None)
            return outcome.slots
        case ob.NoAvailability() | ob.ServiceNotOffered() | ob.InvalidEntry() | ob.VisitOver():
            return ()
        case _:
            assert_never(outcome)


def reviewed(outcome: ob.ReviewOutcome) -> timedelta | None:
    match outcome:
        case ob.Held(expires_at=expires_at, remaining=remaining):
            assert_type(expires_at, datetime)
            return remaining
        case ob.SlotTaken(fresh=fresh):
            assert_type(fresh, ob.Page | ob.NoAvailability | None)
            return None
        case ob.ServiceNotOffered() | ob.AlreadyBooked() | ob.TooManyHolds():
            return None
        case ob.InvalidEntry() | ob.VisitOver():
            return None
        case _:
            assert_never(outcome)


def released(outcome: ob.BackOutcome) -> bool:
    match outcome:
        case ob.Released():
            return True
        case ob.VisitOver():
            return False
        case _:
            assert_never(outcome)


def booked(outcome: ob.BookOutcome) -> str:
    match outcome:
        case ob.Booked(appointment=appointment, link=link):
            assert_type(appointment, ob.Appointment)
            assert_type(appointment.status, ob.AppointmentStatus)
            assert_type(outcome.reference, str)
            return link
        case ob.SlotTaken() | ob.ServiceNotOffered() | ob.AlreadyBooked() | ob.TooManyHolds():
            return ""
        case ob.InvalidEntry() | ob.VisitOver():
            return ""
        case _:
            assert_never(outcome)


def cancelled(outcome: ob.CancelOutcome) -> ob.Slot | None:
    match outcome:
        case ob.Cancelled(slot=slot):
            return slot
        case ob.TooLate(cutoff=cutoff):
            assert_type(cutoff, timedelta)
            return None
        case ob.InvalidEntry() | ob.LinkDead():
            return None
        case _:
            assert_never(outcome)


def moved_by_link(outcome: ob.MoveOutcome) -> str:
    match outcome:
        case ob.Moved(appointment=appointment, link=link):
            assert_type(appointment, ob.Appointment)
            assert_type(appointment.presence, ob.Presence | None)
            return link
        case ob.SlotTaken(fresh=fresh):
            assert_type(fresh, ob.Page | ob.NoAvailability | None)
            return ""
        case ob.ServiceNotOffered() | ob.InvalidEntry() | ob.TooLate() | ob.LinkDead():
            return ""
        case _:
            assert_never(outcome)


def found_for_move(outcome: ob.FindForMoveOutcome) -> tuple[ob.Slot, ...]:
    match outcome:
        case ob.Page():
            return outcome.slots
        case ob.NoAvailability() | ob.ServiceNotOffered() | ob.InvalidEntry():
            return ()
        case ob.TooLate() | ob.LinkDead():
            return ()
        case _:
            assert_never(outcome)


def confirmed_by_link(outcome: ob.PresenceOutcome) -> ob.Presence | None:
    match outcome:
        case ob.PresenceConfirmed(presence=presence):
            return presence
        case ob.LinkDead():
            return None
        case _:
            assert_never(outcome)


def by_link(portal: ob.Portal, link: str) -> None:
    shown = portal.show(link)
    if isinstance(shown, ob.LinkedAppointment):
        assert_type(shown.presence, ob.Presence | None)
    assert_type(confirmed_by_link(portal.confirm_presence(link)), ob.Presence | None)
    page = portal.find_for_move(link, ob.Preference.soonest(), after=None)
    outcome = portal.move(link, found_for_move(page)[0], preference=ob.Preference())
    assert_type(portal.cancel(moved_by_link(outcome)), ob.CancelOutcome)
    portal.move(link, "soon")  # type: ignore[arg-type]


async def by_link_awaited(portal: ob.AsyncPortal, link: str, slot: ob.Slot) -> None:
    assert_type(await portal.confirm_presence(link), ob.PresenceOutcome)
    assert_type(await portal.find_for_move(link, ob.Preference()), ob.FindForMoveOutcome)
    assert_type(await portal.move(link, slot), ob.MoveOutcome)


def the_walk(portal: ob.Portal, clinic: ob.Clinic) -> None:
    form = ob.IdentityForm(
        first_name="Marie",
        last_name="Tremblay",
        birth_date="2004-12-19",
        gender="female",
        email="marie@example.org",
    )
    identified = portal.identify(form, terms="2026-01", language="fr", source="203.0.113.7")
    assert_type(identified, ob.IdentifyOutcome)
    assert_type(describe_outcome(identified, "fr", clinic), str)
    assert_type(clinic.texts, OwnTexts)
    assert_type(sentence("welcome", "fr", overrides=clinic.texts), str)
    visit = welcome(identified)
    if visit is None:
        return
    assert_type(portal.resume(visit.value), ob.ResumeOutcome)
    assert_type(portal.services(visit), ob.ResumeOutcome)
    page = portal.find(visit, "follow-up", ob.Preference.soonest(), after=None)
    assert_type(page, ob.FindOutcome)
    held = portal.review(visit, found(page)[0], ob.BookingForm(reason="sore throat"))
    assert_type(held, ob.ReviewOutcome)
    assert_type(portal.go_back(visit), ob.BackOutcome)
    if isinstance(held, ob.Held):
        outcome = portal.book(visit, held.hold_id, form=None, preference=ob.Preference())
        assert_type(outcome, ob.BookOutcome)
        assert_type(portal.cancel(booked(outcome), "ill"), ob.CancelOutcome)


async def the_walk_awaited(portal: ob.AsyncPortal, form: ob.IdentityForm) -> None:
    identified = await portal.identify(form, terms="2026-01", language="fr", source="203.0.113.7")
    assert_type(identified, ob.IdentifyOutcome)
    visit = welcome(identified)
    if visit is None:
        return
    page = await portal.find(visit, "follow-up", ob.Preference.soonest(), after=None)
    assert_type(page, ob.FindOutcome)
    held = await portal.review(visit, found(page)[0], ob.BookingForm(reason="sore throat"))
    assert_type(held, ob.ReviewOutcome)
    if isinstance(held, ob.Held):
        assert_type(await portal.book(visit, held.hold_id, language="en"), ob.BookOutcome)
    await portal.find(visit, 7, ob.Preference.soonest())  # type: ignore[arg-type]


def the_desk(
    desk: ob.FrontDesk, slot: ob.Slot, form: ob.IdentityForm, start: datetime, end: datetime
) -> None:
    actor = ob.Actor.staff("staff-7")
    quarter = timedelta(minutes=15)
    opened = desk.open_time(
        "r1", "room", start, end, activities=("care",), interval=quarter, actor=actor
    )
    assert_type(opened, DeskOpenOutcome)
    match opened:
        case ob.Opened(opening_id=opening_id):
            assert_type(opening_id, OpeningId)
            assert_type(desk.withdraw_opening(opening_id, actor=actor), DeskWithdrawOutcome)
        case ob.RequestReused() | ob.NotFound():
            pass
        case _:
            assert_never(opened)
    closed = desk.close_time("r2", "room", start, end, actor=actor)
    assert_type(closed, DeskCloseOutcome)
    match closed:
        case ob.Closed(closure_id=closure_id, appointments=appointments):
            assert_type(closure_id, ClosureId)
            assert_type(appointments, tuple[ob.Appointment, ...])
            assert_type(desk.withdraw_closure(closure_id, actor=actor), DeskWithdrawOutcome)
        case ob.TimeTaken() | ob.RequestReused() | ob.NotFound():
            pass
        case _:
            assert_never(closed)
    made = desk.book("r3", slot, ob.BookingForm("why"), patient=form, actor=actor)
    assert_type(made, DeskBookOutcome)
    match made:
        case ob.Booked(appointment=appointment):
            the_end(desk, appointment.appointment_id, actor, start)
        case ob.TimeTaken() | ob.RequestReused() | ob.NotFound() | ob.InvalidEntry():
            pass
        case _:
            assert_never(made)


def the_end(
    desk: ob.FrontDesk, identifier: AppointmentId, actor: ob.Actor, start: datetime
) -> None:
    cancelled_now = desk.cancel(identifier, reason="ill", actor=actor, close_time=True)
    assert_type(cancelled_now, DeskCancelOutcome)
    match cancelled_now:
        case ob.Cancelled() | ob.NotCancellable() | ob.InvalidEntry() | ob.NotFound():
            pass
        case _:
            assert_never(cancelled_now)
    assert_type(desk.day(date(2026, 3, 2), actor=actor), ob.DayList)
    service = desk.explain_service("p-1", "follow-up", actor=actor)
    assert_type(service, DeskExplainServiceOutcome)
    match service:
        case ob.ServiceExplanation(listed=listed):
            assert_type(listed, bool)
        case ob.NotFound():
            pass
        case _:
            assert_never(service)
    time = desk.explain_time("follow-up", "room", start, actor=actor)
    assert_type(time, DeskExplainTimeOutcome)
    match time:
        case ob.TimeExplanation(reasons=reasons, rules=rules):
            assert_type(reasons, tuple[str, ...])
            assert_type(rules, tuple[TimeRule, ...])
            assert_type([fact_of(rule) for rule in rules], list[object])
            assert_type(time.offered, bool)
        case ob.NotFound():
            pass
        case _:
            assert_never(time)


def fact_of(rule: TimeRule) -> object:
    assert_type(rule.met, bool)
    match rule:
        case LengthRule(length=length):
            return length
        case StartRule() | NoticeRule() | HorizonRule():
            return None
        case OpeningRule(covering=covering):
            assert_type(covering, tuple[OpeningTime, ...])
            return covering
        case GridRule() | OnlineRule() | ReleaseRule() | ClosureRule() | BusyRule():
            return None
        case HoldRule(own_until=own_until):
            assert_type(own_until, datetime | None)
            return own_until
        case AppointmentRule() | AlreadyBookedRule():
            return None
        case EligibilityRule(verdict=verdict):
            assert_type(verdict, Verdict)
            return verdict
        case _:
            assert_never(rule)


def the_words_of_an_explanation(explanation: ob.TimeExplanation, clinic: ob.Clinic) -> None:
    assert_type(describe_rules(explanation, "en", clinic), tuple[tuple[TimeRule, str], ...])


def after_the_booking(
    desk: ob.FrontDesk, identifier: AppointmentId, actor: ob.Actor, start: datetime
) -> ob.Appointment | None:
    moved = desk.move(identifier, "room", start, revision=0, actor=actor)
    assert_type(moved, ob.DeskMoveOutcome)
    match moved:
        case ob.Moved(appointment=appointment, link=link):
            assert_type(link, str)
            return appointment
        case ob.MovedMeanwhile(appointment=appointment):
            return appointment
        case ob.NotMovable(status=status):
            assert_type(status, ob.AppointmentStatus)
        case ob.TimeTaken() | ob.NotFound():
            pass
        case _:
            assert_never(moved)
    confirmed = desk.confirm_presence(identifier, actor=actor)
    assert_type(confirmed, ob.DeskPresenceOutcome)
    match confirmed:
        case ob.PresenceConfirmed(presence=presence):
            assert_type(presence.by, ob.Actor)
        case ob.NotConfirmable() | ob.NotFound():
            pass
        case _:
            assert_never(confirmed)
    marked = desk.mark(identifier, ob.AppointmentStatus.ARRIVED, actor=actor)
    assert_type(marked, ob.DeskMarkOutcome)
    match marked:
        case ob.Marked(appointment=appointment):
            return appointment
        case ob.NotMarkable(not_before=not_before):
            assert_type(not_before, datetime | None)
        case ob.TimeTaken() | ob.NotFound():
            pass
        case _:
            assert_never(marked)
    desk.mark(identifier, "arrived", actor=actor)  # type: ignore[arg-type]
    attached = desk.attach(identifier, "p-1", actor=actor)
    assert_type(attached, ob.DeskAttachOutcome)
    match attached:
        case ob.Attached(appointment=appointment):
            return appointment
        case ob.AlreadyAttached() | ob.NotFound():
            return None
        case _:
            assert_never(attached)


async def what_staff_look_up(
    desk: ob.FrontDesk, awaited: ob.AsyncFrontDesk, actor: ob.Actor
) -> tuple[ob.Appointment, ...]:
    found = desk.find_by_reference("k7tm 42qx", actor=actor)
    assert_type(found, ob.AppointmentList)
    assert_type(found.flags, tuple[ob.Flag, ...])
    aside = await awaited.set_aside(actor=actor)
    assert_type(aside, ob.SetAsideList)
    for notice in aside.notices:
        again = await awaited.try_again(notice.notice_id, actor=actor)
        assert_type(again, ob.DeskTryAgainOutcome)
        match again:
            case ob.QueuedAgain() | ob.NotSetAside() | ob.NotFound():
                pass
            case _:
                assert_never(again)
    listed = desk.appointments_of("p-1", actor=actor)
    assert_type(listed, ob.DeskAppointmentsOutcome)
    match listed:
        case ob.AppointmentList(appointments=appointments):
            return appointments
        case ob.NotFound():
            return found.appointments
        case _:
            assert_never(listed)


def the_contacts(desk: ob.FrontDesk, contact: ob.ContactPoint) -> tuple[ob.ContactPoint, ...]:
    actor = ob.Actor.staff("staff-7")
    moved = desk.move_contact("r4", "p-1", contact, position=1, actor=actor)
    removed = desk.remove_contact("r5", "p-1", contact, actor=actor)
    assert_type((moved, removed), tuple[ob.DeskContactOutcome, ob.DeskContactOutcome])
    verified = desk.verify_contact("r6", "p-1", contact, actor=actor)
    match verified:
        case ob.ContactsEdited(contacts=contacts):
            return contacts
        case ob.NotFound() | ob.NotSupported():
            return ()
        case _:
            assert_never(verified)


def the_records(clinic: ob.Clinic, store: Archive) -> object:
    keys = ob.Keyring.generate()
    custodian = ob.Custodian(clinic, store=store, directory=ob.MemoryDirectory(), keys=keys)
    assert_type(custodian.purge(actor=ob.Actor.system()), ob.Purged)
    actor = ob.Actor.staff("staff-7")
    exported = custodian.export(actor=actor, patient_id="p-1")
    erased = custodian.erase(actor=actor, patient_id="p-1")
    match erased:
        case ob.Erased(total=total):
            assert_type(total, int)
        case ob.StillNeeded(appointments=appointments):
            assert_type(appointments, int)
        case ob.NotFound():
            pass
        case _:
            assert_never(erased)
    match exported:
        case ob.Exported(document=document):
            return document
        case ob.NotFound():
            return None
        case _:
            assert_never(exported)


def what_a_search_asks_a_store(store: Store, clinic_id: ClinicId) -> None:
    _, outlook = store.read(ReadOutlook(scope=Scope(clinic_id=clinic_id)))
    assert_type(outlook, Outlook)
    assert_type(outlook.holds, tuple[HeldTime, ...])
    room = ScheduleId("room")
    query = ReadDays(clinic_id=clinic_id, schedules=frozenset({room}), first=0, last=1)
    days = store.read(query)[1]
    assert_type(days[room], ScheduleDays)


def what_a_directory_keeps(patient: ob.Patient, today: date) -> None:
    indexer = BlindIndexer(ob.Keyring.generate())
    assert_type(indexer.of_file(patient), BlindKeys)
    assert_type(number_warnings(patient, today=today), tuple[NumberWarning, ...])


def the_dates_of_an_opening() -> list[date]:
    rule = ob.Recurrence.from_rrule("FREQ=WEEKLY", first=date(2026, 3, 2))
    return list(rule.dates(date(2026, 3, 2), date(2026, 4, 2)))


def what_is_raised_is_an_omnibook_error(
    error: ob.InvalidValue | ob.ConfigurationError | ob.Contention | ob.NotifierError,
) -> ob.OmnibookError:
    return error

"""Laws of reminders and of notices' identifiers (R43, R46)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

import omnibook as ob
from omnibook.booking_form import BookingEntries
from omnibook.clinic import Clinic, Policies, Reminders
from omnibook.ids import ActivityId, AppointmentId, ScheduleId, ServiceId
from omnibook.notices import on_booking, on_cancellation, reminder_due
from omnibook.records import VISITOR, Appointment, NoticeKind
from support.worlds import MARIE, START, service, small_clinic, world

MINUTE = timedelta(minutes=1)
ZONES = tuple(
    ZoneInfo(name)
    for name in (
        "America/Toronto",
        "America/Vancouver",
        "America/St_Johns",
        "Europe/Paris",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "UTC",
    )
)
CHANGES = (
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
)
"""Instants at which the clocks of one of the zones change."""

zones = st.sampled_from(ZONES)
days = st.integers(0, 4 * 365).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=n))
starts = st.builds(
    lambda base, minutes: base + minutes * MINUTE,
    st.sampled_from(CHANGES) | days,
    st.integers(-3 * 24 * 60, 3 * 24 * 60),
)
offsets = st.sampled_from((24, 48, 2, 1, 30, 12)).map(lambda n: timedelta(hours=n)) | st.integers(
    1, 72 * 60
).map(lambda n: n * MINUTE)
clocks = st.builds(time, st.integers(0, 23), st.sampled_from((0, 30, 59)))
silences = st.builds(
    Reminders,
    quiet_from=clocks,
    quiet_until=clocks,
    shortest=st.sampled_from((0, 2, 5)).map(lambda n: timedelta(hours=n)),
) | st.just(Reminders())


def shows(moment: datetime, zone: ZoneInfo) -> int:
    """The minute of the day on the wall, by the zone's own offset."""
    offset = zone.utcoffset(moment.astimezone(zone))
    assert offset is not None
    elapsed = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (elapsed + offset) // MINUTE % (24 * 60)


def allowed(moment: datetime, silence: Reminders, zone: ZoneInfo) -> bool:
    """Whether the minute on the wall is outside the silence, which may go past midnight."""
    since = silence.quiet_from.hour * 60 + silence.quiet_from.minute
    until = silence.quiet_until.hour * 60 + silence.quiet_until.minute
    length = (until - since) % (24 * 60)
    return (shows(moment, zone) - since) % (24 * 60) >= length


@given(start=starts, offset=offsets, silence=silences, zone=zones)
@example(
    start=datetime(2026, 11, 2, 6, 15, tzinfo=UTC),
    offset=timedelta(hours=24),
    silence=Reminders(quiet_from=time(21), quiet_until=time(1, 30)),
    zone=ZoneInfo("America/Toronto"),
)
@example(
    start=datetime(2026, 3, 9, 6, 15, tzinfo=UTC),
    offset=timedelta(hours=24),
    silence=Reminders(quiet_from=time(21), quiet_until=time(2, 30)),
    zone=ZoneInfo("America/Toronto"),
)
def test_a_reminder_is_due_at_the_first_allowed_instant_or_the_last_before_the_silence(
    start: datetime, offset: timedelta, silence: Reminders, zone: ZoneInfo
) -> None:
    """R43: on every night, also those on which a wall time comes twice or never."""
    due = reminder_due(start, offset, silence, zone)

    nominal = start - offset
    assert allowed(due, silence, zone)
    if allowed(nominal, silence, zone):
        assert due == nominal
        return
    minutes = range(1, 2 * 24 * 60)
    first = next(t for n in minutes if allowed(t := nominal + n * MINUTE, silence, zone))
    last = next(t for n in minutes if allowed(t := nominal - n * MINUTE, silence, zone))
    assert due == (first if start - first >= silence.shortest else last)


@given(start=starts, offset=offsets, zone=zones)
def test_with_the_usual_silence_a_reminder_goes_out_between_eight_and_nine_in_the_evening(
    start: datetime, offset: timedelta, zone: ZoneInfo
) -> None:
    """R43: at 08:00 or at 20:59 when it was put off, at its own instant otherwise."""
    due = reminder_due(start, offset, Reminders(), zone)

    clock = due.astimezone(zone).time()
    assert time(8) <= clock < time(21)
    assert due == start - offset or clock in {time(8), time(20, 59)}
    if clock == time(8) and due != start - offset:
        assert start - due >= timedelta(hours=2)


def test_seconds_in_the_bounds_of_the_silence_do_not_count() -> None:
    """R43: and two equal bounds leave no silence, rather than nothing else."""
    start = datetime(2026, 6, 2, 9, 0, tzinfo=UTC)
    none = Reminders(quiet_from=time(9, 0, 20), quiet_until=time(9, 0, 10))

    assert reminder_due(start, timedelta(hours=24), none, ZoneInfo("UTC")) == start - timedelta(
        hours=24
    )


def test_an_offset_with_seconds_is_put_off_to_the_whole_minute() -> None:
    """R43."""
    start = datetime(2026, 6, 2, 7, 0, tzinfo=UTC)
    due = reminder_due(start, timedelta(hours=24, seconds=-5), Reminders(), ZoneInfo("UTC"))

    assert due == datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


def an_appointment(name: str, start: datetime, booked_at: datetime, revision: int) -> Appointment:
    slot = ob.Slot(ServiceId("open"), ScheduleId("gagnon"), start, start + timedelta(minutes=15))
    return Appointment(
        clinic_id=small_clinic().clinic_id,
        appointment_id=AppointmentId(name),
        reference="K7TM-42QX",
        slot=slot,
        activity=ActivityId("care"),
        claimed=slot.span,
        patient_id=MARIE.patient_id,
        entries=BookingEntries(reason="x", details="", contacts=MARIE.contacts),
        language="fr",
        booked_at=booked_at,
        booked_by=VISITOR,
        revision=revision,
    )


def with_offsets(*hours: int) -> Clinic:
    offsets = tuple(timedelta(hours=each) for each in hours)
    return small_clinic(policies=Policies(reminders=Reminders(offsets=offsets)))


@given(
    start=st.integers(0, 60 * 24 * 60).map(lambda n: START + n * MINUTE),
    ahead=st.integers(0, 72 * 60).map(lambda n: n * MINUTE),
    hours=st.lists(st.integers(1, 72), unique=True, max_size=3),
)
def test_a_reminder_is_queued_exactly_when_it_is_due_after_the_booking(
    start: datetime, ahead: timedelta, hours: list[int]
) -> None:
    """R43: and of several that the quiet hours bring to one instant, one."""
    clinic = with_offsets(*hours)
    booked_at = start - ahead

    notices = [each.notice for each in on_booking(an_appointment("a", start, booked_at, 0), clinic)]

    due = {
        reminder_due(start, offset, clinic.policies.reminders, clinic.zone)
        for offset in clinic.policies.reminders.offsets
    }
    reminders = [each.not_before for each in notices if each.kind is NoticeKind.REMINDER]
    assert sorted(reminders) == sorted(moment for moment in due if moment > booked_at)


names = st.sampled_from(("a", "b"))


@given(
    made=st.lists(
        st.tuples(names, st.integers(0, 2), st.sampled_from(((24,), (24, 48), (2, 240)))),
        min_size=1,
        max_size=4,
        unique=True,
    )
)
def test_a_notice_is_one_for_appointment_kind_offset_revision_and_role(
    made: list[tuple[str, int, tuple[int, ...]]],
) -> None:
    """R46: the same are made with the same identifier, and no two others share one."""
    found: dict[tuple[object, ...], str] = {}
    for name, revision, hours in made:
        clinic = with_offsets(*hours)
        start = START + timedelta(days=20)
        booked = an_appointment(name, start, START, revision)
        for put in (*on_booking(booked, clinic), *on_cancellation(booked, clinic, START)):
            notice = put.notice
            key = (name, notice.kind, notice.offset, revision, notice.role)
            assert found.setdefault(key, notice.notice_id) == notice.notice_id
            assert (notice.revision, notice.appointment_id) == (revision, name)

    assert len(set(found.values())) == len(found)


@given(moved=st.dates(date(2026, 3, 3), date(2026, 3, 20)))
def test_two_clinics_never_share_a_notice(moved: date) -> None:
    """R46."""
    here = world().clinic
    there = evolve(here, clinic_id=ob.ids.ClinicId("another"), services=(service("open"),))
    start = datetime.combine(moved, time(15), tzinfo=UTC)
    booked = an_appointment("a", start, START, 0)

    ours = {each.notice.notice_id for each in on_booking(booked, here)}
    theirs = {
        each.notice.notice_id
        for each in on_booking(evolve(booked, clinic_id=there.clinic_id), there)
    }

    assert ours
    assert ours.isdisjoint(theirs)

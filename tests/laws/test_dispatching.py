"""Whatever happens between queueing and sending, nothing that is no longer true leaves (R43, R46).

Patients and staff book, move, cancel and mark; two dispatchers pass, die in the middle and find
services down; clocks change. At the moment of each sending the message is compared with the
appointment as it is then.
"""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from attrs import define, evolve, field
from hypothesis import example, given, settings
from hypothesis import strategies as st

import omnibook as ob
from omnibook.clinic import Clinic, Policies, Reminders
from omnibook.dispatch import LEASE, Dispatcher
from omnibook.errors import NotifierError
from omnibook.ids import AppointmentId
from omnibook.messages.moments import format_time
from omnibook.notices import quiet_end
from omnibook.ports import DueNotices, Message, ReadScope, ReadSetAside
from omnibook.records import Appointment, AppointmentStatus, Notice, NoticeKind
from omnibook.times import wall_clock
from omnibook.transactions import Scope
from support.deliveries import EMAIL, PHONE, dispatcher
from support.looking import appointments
from support.worlds import STAFF, World, opening, schedule, service, small_clinic, world

HOUR = timedelta(hours=1)
ZONES = ("America/Toronto", "America/St_Johns", "Europe/Paris", "Australia/Lord_Howe", "UTC")
BEGINNINGS = (
    datetime(2026, 3, 2, 12, tzinfo=UTC),
    # The days before the clocks of one of the zones change.
    datetime(2026, 3, 6, 3, tzinfo=UTC),
    datetime(2026, 10, 30, 23, tzinfo=UTC),
    datetime(2026, 10, 23, 9, tzinfo=UTC),
    datetime(2026, 10, 2, 4, tzinfo=UTC),
)


class PowerCut(BaseException):
    """A dispatcher dies here."""


def clinic_in(zone: str) -> Clinic:
    """Open day and night, so that reminders fall due at any hour."""
    always = evolve(
        opening(time(0), time(23, 59)),
        recurrence=evolve(opening().recurrence, weekdays=frozenset(range(7))),
    )
    return small_clinic(
        zone=ZoneInfo(zone),
        services=(service("open", 30),),
        schedules=(schedule("gagnon", always), schedule("nguyen", always)),
        policies=Policies(
            reminders=Reminders(offsets=(timedelta(hours=24), timedelta(hours=2))),
            upcoming_per_contact=10**6,
            upcoming_per_source_and_day=10**6,
        ),
    )


@define
class Post:
    """Takes messages, and compares each with what is true at that moment."""

    here: World
    down: bool = False
    dies: bool = False
    meanwhile: Callable[[], None] | None = None
    taken: list[Message] = field(factory=list)
    again: Counter[str] = field(factory=Counter[str])
    """How often an identifier was taken by one who died before it could note so."""

    def send(self, message: Message) -> None:
        if self.down:
            raise NotifierError("down", unavailable=True)
        self.check(message)
        self.taken.append(message)
        then, self.meanwhile = self.meanwhile, None
        if then is not None:
            then()
        if self.dies:
            self.dies = False
            self.again[message.message_id] += 1
            raise PowerCut

    def check(self, message: Message) -> None:
        here = self.here
        now, clinic = here.clock.now(), here.clinic
        appointment = about(here, message)
        assert now < appointment.slot.start
        if message.kind is NoticeKind.CANCELLATION:
            assert appointment.status is AppointmentStatus.CANCELLED
        elif message.kind is NoticeKind.CHANGE:
            assert appointment.status in {AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED}
        else:
            assert appointment.status is AppointmentStatus.BOOKED
        told = format_time(appointment.slot.start, clinic.zone, message.language)
        assert plain(told) in plain(message.body)
        if message.invitation is not None:
            cancelled = message.kind is NoticeKind.CANCELLATION
            assert message.invitation.start == appointment.slot.start
            assert message.invitation.sequence == appointment.revision + cancelled
        if message.kind is NoticeKind.REMINDER:
            assert time(8) <= wall_clock(now, clinic.zone).time() < time(21)


def plain(text: str) -> str:
    return " ".join(text.split())


def notice_of(here: World, message: Message) -> Notice:
    scope = Scope(clinic_id=here.clinic.clinic_id, notice=message.message_id)
    found = here.store.read(ReadScope(scope))[1].notice
    assert found is not None
    return found


def about(here: World, message: Message) -> Appointment:
    owner = AppointmentId(notice_of(here, message).appointment_id)
    scope = Scope(clinic_id=here.clinic.clinic_id, appointment=owner)
    return here.store.read(ReadScope(scope))[1].appointments[owner]


@define
class Story:
    """A clinic, two dispatchers, and what happened so far."""

    here: World
    post: Post
    dispatchers: list[Dispatcher]
    links: dict[str, str] = field(factory=dict)
    booked: int = 0

    def book(self, number: int) -> None:
        here = self.here
        form = ob.IdentityForm(
            first_name="Somebody",
            last_name="Unknown",
            birth_date="1990-05-17",
            gender="other",
            cell_phone=f"514 555-01{self.booked % 100:02}",
            email=f"somebody{self.booked}@example.org",
        )
        token = here.enter(form, source=f"203.0.113.{self.booked}")
        self.booked += 1
        day = wall_clock(here.clock.now() + (number % 4) * 24 * HOUR, here.clinic.zone).date()
        page = here.portal.find(token, "open", ob.Preference(first_date=day.isoformat()))
        if isinstance(page, ob.Page):
            made = here.book(token, page.slots[number % len(page.slots)])
            self.links[made.appointment.appointment_id] = made.link

    def one(self, number: int) -> str | None:
        """The link of an appointment."""
        links = [self.links[name] for name in sorted(self.links)]
        return links[number % len(links)] if links else None

    def move(self, number: int) -> None:
        link = self.one(number)
        if link is None:
            return
        day = wall_clock(self.here.clock.now() + (number % 5) * 24 * HOUR, self.here.clinic.zone)
        wish = ob.Preference(first_date=day.date().isoformat())
        page = self.here.portal.find_for_move(link, wish)
        if isinstance(page, ob.Page):
            moved = self.here.portal.move(link, page.slots[number % len(page.slots)])
            if isinstance(moved, ob.Moved):
                self.links[moved.appointment.appointment_id] = moved.link

    def cancel(self, number: int) -> None:
        link = self.one(number)
        if link is not None:
            self.here.portal.cancel(link)

    def confirm(self, number: int) -> None:
        link = self.one(number)
        if link is not None:
            self.here.portal.confirm_presence(link)

    def mark(self, number: int) -> None:
        names = sorted(self.links)
        if names:
            status = (AppointmentStatus.ENTERED_IN_ERROR, AppointmentStatus.ARRIVED)[number % 2]
            self.here.desk.mark(names[number % len(names)], status, actor=STAFF)

    def wait(self, number: int) -> None:
        self.here.clock.advance(timedelta(minutes=number * number))

    def run(self, number: int) -> None:
        self.dispatchers[number % 2].run_once()

    def die(self, number: int) -> None:
        self.post.dies = True
        try:
            self.run(number)
        except PowerCut:
            pass
        finally:
            self.post.dies = False

    def meanwhile(self, number: int) -> None:
        """Something happens while a message is handed over."""
        what = (self.move, self.cancel, self.mark)[number % 3]
        self.post.meanwhile = lambda: what(number)
        self.run(number)
        self.post.meanwhile = None

    def outage(self, number: int) -> None:
        self.post.down = number % 3 > 0

    def calm_down(self) -> None:
        """Everything works again, and time passes until nothing is left to send."""
        self.post.down = False
        for _ in range(300):
            for each in self.dispatchers:
                while each.run_once().more:
                    pass
            self.here.clock.advance(HOUR / 2)


STEPS = ("book", "move", "cancel", "confirm", "mark", "wait", "run", "die", "meanwhile", "outage")
steps = st.lists(
    st.tuples(st.sampled_from(("book", "move", "run", "wait", "wait", *STEPS)), st.integers(0, 55)),
    min_size=4,
    max_size=30,
)


def tell(zone: str, beginning: datetime, given: list[tuple[str, int]]) -> Story:
    here = world(clinic_in(zone))
    here.clock.set(beginning)
    post = Post(here)
    both = [dispatcher(here, notifiers={PHONE: post, EMAIL: post}) for _ in range(2)]
    story = Story(here, post, both)
    for name, number in given:
        getattr(story, name)(number)
    return story


@given(zone=st.sampled_from(ZONES), beginning=st.sampled_from(BEGINNINGS), given_steps=steps)
@settings(deadline=None)
@example(
    zone="UTC",
    beginning=BEGINNINGS[0],
    given_steps=[("book", 2), ("move", 3), ("cancel", 0), ("run", 0)],
)
@example(
    zone="America/Toronto",
    beginning=BEGINNINGS[1],
    given_steps=[("book", 3), ("book", 2), ("meanwhile", 0), ("run", 1), ("die", 0), ("wait", 2)],
)
def test_nothing_that_is_no_longer_true_leaves(
    zone: str, beginning: datetime, given_steps: list[tuple[str, int]]
) -> None:
    """R42, R43, R46: and in the end nothing is left, and nothing went out twice without a death."""
    story = tell(zone, beginning, given_steps)
    ended = story.here.clock.now()
    story.calm_down()
    here, post = story.here, story.post

    _, due = here.store.read(DueNotices(clinic_id=here.clinic.clinic_id))
    assert due == ()
    _, aside = here.store.read(ReadSetAside(clinic_id=here.clinic.clinic_id))
    assert aside.notices == ()
    for name, times in Counter(message.message_id for message in post.taken).items():
        assert times <= 1 + post.again[name]
    sent = {message.message_id: (notice_of(here, message), message) for message in post.taken}
    keys = [(n.appointment_id, n.kind, n.offset, n.revision, n.role) for n, _ in sent.values()]
    assert len(set(keys)) == len(keys)
    for each in appointments(here.store):
        # Whoever is still to come was told of the time as it is, by both ways.
        if each.status is AppointmentStatus.BOOKED and each.slot.start > ended + 2 * HOUR:
            kind = NoticeKind.CHANGE if each.revision else NoticeKind.BOOKING
            told = [
                message.system
                for notice, message in sent.values()
                if notice.appointment_id == each.appointment_id
                and (notice.kind, notice.revision) == (kind, each.revision)
            ]
            assert sorted(told) == [EMAIL, PHONE]


# Quiet hours, at the moment of sending -----------------------------------------------------------

moments = st.builds(
    lambda base, minutes: base + timedelta(minutes=minutes),
    st.sampled_from(BEGINNINGS),
    st.integers(0, 5 * 24 * 60),
)


@given(
    zone=st.sampled_from(ZONES),
    moment=moments,
    since=st.integers(0, 23),
    until=st.integers(0, 23),
)
def test_silence_ends_at_the_first_instant_that_is_not_silent(
    zone: str, moment: datetime, since: int, until: int
) -> None:
    """R43: on nights when a wall time comes twice, or never, too."""
    silence = Reminders(quiet_from=time(since), quiet_until=time(until))
    place = ZoneInfo(zone)

    def silent(at: datetime) -> bool:
        hour = wall_clock(at, place).hour
        return since <= hour < until if since <= until else not until <= hour < since

    if not silent(moment):
        return
    end = quiet_end(moment, silence, place)
    assert not silent(end)
    minute = timedelta(minutes=1)
    passed = moment
    while passed + minute < end:
        passed += minute
        assert silent(passed)
    assert end - moment <= 26 * HOUR
    assert LEASE < HOUR

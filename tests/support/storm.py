"""A storm: processes that review, book, give up and cancel at random, and are killed while they do.

Every process has an own connection to the one database, and tells what it was answered as soon as
it knows, so that what was acknowledged can be compared with what is kept (``aftermath.py``).
Time is real here: a hold lasts a second, and is taken again by others when it is over.

What storms is begun by a fork server that has everything imported already: on two cores, ten new
processes a second are cheap only so.
"""

import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection, wait
from pathlib import Path
from random import Random  # noqa: TID251 - what happens is chance; what must hold, is not
from typing import TypeVar
from zoneinfo import ZoneInfo

from attrs import define, evolve, field, frozen

import omnibook as ob
from omnibook.adapters.clocks import SystemClock
from omnibook.adapters.sql import SqlStore
from omnibook.clinic import Clinic, Policies, Recurrence
from omnibook.desk import appointment_of
from omnibook.errors import StoreError
from omnibook.identity import Identity
from omnibook.ids import ContactKey, ScheduleId, ServiceId, SourceKey
from omnibook.ports import Store
from omnibook.records import TermsAcceptance, Visit
from omnibook.times import Span
from omnibook.transactions import Decision, PutVisit, Scope
from support.postgres import Server
from support.worlds import CARE, STAFF, opening, schedule, service, small_clinic

T = TypeVar("T")
Process = multiprocessing.context.ForkServerProcess

KEYS = ob.Keyring((b"a secret for tests, of 32 bytes..",))
FORM = ob.BookingForm("why")
HOLD = timedelta(seconds=1)
QUARTER = timedelta(minutes=15)
SCHEDULES = ("a", "b", "c", "d")
OPENS = 6
A_DAY = 48
"""How many times each schedule has on each day."""
LOT = 10

_NOBODY = ob.Preference(practitioner="nobody of this clinic")
_AGAIN = 0.1
_here = Path(__file__).resolve().parents[1]


def stormy_clinic() -> Clinic:
    """Four schedules, open every day; a hold is over after a second."""
    every_day = evolve(
        opening(),
        start=datetime(2000, 1, 1, OPENS).time(),  # noqa: DTZ001 - a wall clock's
        end=datetime(2000, 1, 1, OPENS + A_DAY // 4).time(),  # noqa: DTZ001
        recurrence=Recurrence(weekdays=frozenset(range(7))),
    )
    return small_clinic(
        zone=ZoneInfo("UTC"),
        services=(service("open", 15, activities=(CARE,)),),
        schedules=tuple(schedule(name, every_day) for name in SCHEDULES),
        policies=Policies(hold=HOLD),
    )


def time_number(number: int, first_day: date) -> ob.Slot:
    """The times of all schedules, one after the other, without end."""
    rest, which = divmod(number, len(SCHEDULES))
    day, quarter = divmod(rest, A_DAY)
    start = datetime.combine(first_day, datetime.min.time(), UTC) + timedelta(
        days=day, hours=OPENS, minutes=15 * quarter
    )
    return ob.Slot(ServiceId("open"), ScheduleId(SCHEDULES[which]), start, start + QUARTER)


@frozen
class Weather:
    """What all processes of a storm share."""

    url: str
    seed: int
    first_day: date
    began: float
    """On the monotonic clock, which is one for all processes of a host."""
    pace: float
    """How many times a second the crowd moves on by."""
    crowd: int
    """How many times are wanted at any moment."""

    def wanted(self, chance: Random) -> ob.Slot:
        """A time that others want too."""
        moved = int((time.monotonic() - self.began) * self.pace)
        return time_number(moved + chance.randrange(self.crowd), self.first_day)


@frozen
class Told:
    """What a process was answered, or what it is about to ask."""

    process: int
    what: str
    """A code, such as ``held``; see :class:`Stormer`."""
    owner: str = ""
    """The hold's or the appointment's identifier; or what leaked."""
    schedule_id: str = ""
    span: Span | None = None
    until: datetime | None = None
    """When a hold is over."""


@define(eq=False)
class Stormer:
    """One process in a storm.

    It tells ``begun``; ``held``, ``refused`` of a review; ``booking`` before it books, ``booked``
    and ``lost`` after that; ``releasing`` before it goes back; ``cancelling`` and ``cancelled``;
    ``failed`` when the store raised, and ``leaked`` for anything else that was raised.
    """

    weather: Weather
    number: int
    line: Connection
    store: SqlStore = field(init=False)
    portal: ob.Portal = field(init=False)
    desk: ob.FrontDesk = field(init=False)
    chance: Random = field(init=False)
    visitors: list[ob.VisitToken] = field(factory=list)
    late: list[tuple[float, ob.VisitToken, ob.Held]] = field(factory=list)
    booked: list[tuple[ob.VisitToken, ob.Booked]] = field(factory=list)
    steps: int = 0

    def __attrs_post_init__(self) -> None:
        self.chance = Random(f"{self.weather.seed} {self.number}")
        self.store = self.insist(lambda: SqlStore(self.weather.url))
        clinic, directory = stormy_clinic(), ob.MemoryDirectory()
        self.portal = ob.Portal(clinic, store=self.store, directory=directory, keys=KEYS)
        self.desk = ob.FrontDesk(clinic, store=self.store, directory=directory, keys=KEYS)
        self.tell("begun")

    def run(self) -> None:
        while True:
            self.steps += 1
            dice = self.chance.random()
            if self.late and self.late[0][0] < time.monotonic():
                self._book_late()
            elif dice < 0.7:
                self._review()
            elif dice < 0.85:
                self._book_at_the_desk()
            elif dice < 0.95:
                self._cancel()
            else:
                self._book_again()

    def insist(self, ask: Callable[[], T]) -> T:
        """Repeat a call as it was until it is answered."""
        while True:
            try:
                return ask()
            except StoreError as problem:
                self.tell("failed", type(problem).__name__)
                threading.Event().wait(_AGAIN)

    def tell(
        self,
        what: str,
        owner: str = "",
        slot: ob.Slot | None = None,
        until: datetime | None = None,
        span: Span | None = None,
    ) -> None:
        if slot is not None:
            span = span or Span(slot.start, slot.end)
        schedule_id = "" if slot is None else slot.schedule_id
        self.line.send(Told(self.number, what, owner, schedule_id, span, until))

    def _review(self) -> None:
        visitor, slot = self._visitor(), self.weather.wanted(self.chance)
        answer = self.insist(lambda: self.portal.review(visitor, slot, FORM, preference=_NOBODY))
        if not isinstance(answer, ob.Held):
            assert isinstance(answer, ob.SlotTaken), answer
            self.tell("refused", slot=slot)
            return
        self.tell("held", answer.hold_id, slot, answer.expires_at)
        dice = self.chance.random()
        if dice < 0.5:
            self._book(visitor, answer)
        elif dice < 0.7:
            over = time.monotonic() + HOLD.total_seconds() * self.chance.uniform(0.9, 1.5)
            self.late.append((over, visitor, answer))
        elif dice < 0.8:
            self.tell("releasing", answer.hold_id)
            self.insist(lambda: self.portal.go_back(visitor))

    def _book(self, visitor: ob.VisitToken, held: ob.Held) -> None:
        self.tell("booking", held.hold_id, held.slot)
        answer = self.insist(lambda: self.portal.book(visitor, held.hold_id, preference=_NOBODY))
        if isinstance(answer, ob.Booked):
            self._tell_booked(answer)
            self.booked.append((visitor, answer))
        else:
            assert isinstance(answer, ob.SlotTaken), answer
            self.tell("lost", held.hold_id, held.slot)

    def _book_late(self) -> None:
        _, visitor, held = self.late.pop(0)
        self._book(visitor, held)

    def _book_again(self) -> None:
        if not self.booked:
            return
        visitor, booked = self.chance.choice(self.booked)
        known = booked.appointment
        answer = self.insist(lambda: self.portal.book(visitor, known.appointment_id))
        assert isinstance(answer, ob.Booked), answer
        assert answer.appointment.reference == known.reference

    def _book_at_the_desk(self) -> None:
        near = self.weather.wanted(self.chance)
        start = near.start + timedelta(minutes=self.chance.randrange(-30, 30))
        length = timedelta(minutes=self.chance.randrange(5, 60))
        slot = evolve(near, start=start, end=start + length)
        before, after = (timedelta(minutes=self.chance.choice((0, 0, 5))) for _ in range(2))
        request_id = f"desk-{self.number}-{self.steps}"
        self.tell("booking", appointment_of(small_clinic().clinic_id, request_id), slot)
        answer = self.insist(
            lambda: self.desk.book(
                request_id,
                slot,
                FORM,
                patient=SOMEBODY,
                actor=STAFF,
                buffer_before=before,
                buffer_after=after,
            )
        )
        if isinstance(answer, ob.Booked):
            self._tell_booked(answer)
        else:
            assert isinstance(answer, ob.TimeTaken), answer

    def _cancel(self) -> None:
        if not self.booked:
            return
        _, booked = self.booked.pop(self.chance.randrange(len(self.booked)))
        owner = booked.appointment.appointment_id
        self.tell("cancelling", owner)
        answer = self.insist(lambda: self.desk.cancel(owner, reason="", actor=STAFF))
        assert isinstance(answer, ob.Cancelled), answer
        self.tell("cancelled", owner)

    def _tell_booked(self, booked: ob.Booked) -> None:
        made = booked.appointment
        self.tell("booked", made.appointment_id, made.slot, span=made.claimed)

    def _visitor(self) -> ob.VisitToken:
        if not self.visitors:
            names = [f"{self.number}-{self.steps}-{number}" for number in range(LOT)]
            self.visitors = self.insist(lambda: let_in(self.store, names))
        return self.visitors.pop()


SOMEBODY = ob.IdentityForm(
    first_name="Visitor",
    last_name="Unknown",
    birth_date="1990-05-17",
    gender="other",
    cell_phone="514 555-0155",
)


def let_in(store: Store, names: Sequence[str]) -> list[ob.VisitToken]:
    """Begin a visit for each, now."""
    tokens = [ob.VisitToken(f"the-visit-in-real-time-of-{name}") for name in names]
    now = SystemClock().now()
    writes = tuple(PutVisit(_visit(token, now)) for token in tokens)
    store.transact(Scope(clinic_id=small_clinic().clinic_id), lambda _: Decision(None, writes))
    return tokens


def _visit(token: ob.VisitToken, now: datetime) -> Visit:
    """A visit as identifying would have begun it, with a contact and a source of its own."""
    name = token.visit_id
    point = ob.ContactPoint(system=ob.ContactSystem.EMAIL, value=f"{name[:40]}@example.org")
    return Visit(
        clinic_id=small_clinic().clinic_id,
        visit_id=name,
        started_at=now,
        active_at=now,
        language="fr",
        terms=TermsAcceptance(document="terms", version="2026-01", language="fr", accepted_at=now),
        identity=Identity(
            first_name="Visitor",
            last_name="Unknown",
            birth_date=date(1990, 5, 17),
            gender=ob.Gender.OTHER,
            contacts=(point,),
        ),
        patient_id=None,
        source=SourceKey(KEYS.digest("source", name)),
        contact_keys=frozenset({ContactKey(KEYS.digest("contact", point.match_key))}),
    )


def storm_in_a_process(weather: Weather, number: int, line: Connection) -> None:
    """What a process of a storm runs, until it is killed."""
    # What a store warns of in every process anew would bury everything else.
    logging.disable()
    # Whoever is killed tells of no line that it ran: tracing them would be for nothing.
    sys.settrace(None)
    try:
        Stormer(weather, number, line).run()
    except BaseException as leaked:  # noqa: BLE001 - whatever leaks is the finding
        line.send(Told(number, "leaked", repr(leaked)))


@frozen
class Plan:
    """How hard it storms, and until when: for so many seconds, and until so many reviews."""

    seconds: float
    reviews: int = 0
    processes: int = 8
    kills_a_second: float = 10
    server_kills: int = 0
    pace: float = 12
    crowd: int = 48
    seed: int = 0


def fork_server() -> multiprocessing.context.ForkServerContext:
    """Begins processes that have everything imported already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["support.storm_ready"])
    found = os.environ.get("PYTHONPATH", "")
    if str(_here) not in found.split(os.pathsep):
        # The fork server looks for what it imports first where its environment says.
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(_here), found)))
    return context


@define(eq=False)
class _Crowd:
    """The processes of a storm, and what they tell."""

    weather: Weather
    plan: Plan
    told: list[Told] = field(factory=list)
    reviews: int = 0
    _lines: dict[Connection, Process] = field(factory=dict)
    _begun: int = 0
    _chance: Random = field(factory=Random)

    def fill(self) -> None:
        """Begin as many as are missing."""
        context = fork_server()
        while len(self._lines) < self.plan.processes:
            mine, theirs = context.Pipe(duplex=False)
            process = context.Process(
                target=storm_in_a_process, args=(self.weather, self._begun, theirs), daemon=True
            )
            process.start()
            theirs.close()
            self._lines[mine] = process
            self._begun += 1

    def hear(self, timeout: float) -> None:
        for line in wait(list(self._lines), timeout):
            assert isinstance(line, Connection)
            try:
                heard = line.recv()
            except (EOFError, OSError):
                # The end, perhaps in the middle of a message.
                line.close()
                process = self._lines.pop(line)
                _kill(process)
                process.join()
                continue
            self.told.append(heard)
            self.reviews += heard.what in {"held", "refused"}

    def kill_one(self) -> None:
        _kill(self._chance.choice(list(self._lines.values())))

    def kill_all(self) -> None:
        """Kill everybody, and hear their last words."""
        for process in self._lines.values():
            _kill(process)
        while self._lines:
            self.hear(1)


def let_it_storm(url: str, plan: Plan, server: Server | None = None) -> list[Told]:
    """Storm over a database that is set up, and answer everything that was told.

    Random processes are killed all the time and replaced; at the end, all of them are.
    """
    began, today = time.monotonic(), SystemClock().now().date()
    first_day = today + timedelta(days=2)
    weather = Weather(url, plan.seed, first_day, began, plan.pace, plan.crowd)
    crowd = _Crowd(weather, plan)
    crowd.fill()
    while len({each.process for each in crowd.told}) < plan.processes:
        crowd.hear(1)
        crowd.fill()
        assert not of(crowd.told, "leaked"), of(crowd.told, "leaked")
    # Neither the calm before the storm counts, nor the time in which there is no server.
    calm, next_kill = time.monotonic() - began, 0.0
    deaths = [plan.seconds * (n + 1) / (plan.server_kills + 1) for n in range(plan.server_kills)]
    while True:
        passed = time.monotonic() - began - calm
        if passed >= plan.seconds and crowd.reviews >= plan.reviews:
            break
        if server is not None and deaths and passed >= deaths[0]:
            deaths.pop(0)
            server.kill()
            server.start()
            calm = time.monotonic() - began - passed
        if passed >= next_kill:
            next_kill = passed + 1 / plan.kills_a_second
            crowd.kill_one()
        crowd.hear(0.01)
        crowd.fill()
    crowd.kill_all()
    return crowd.told


def _kill(process: Process) -> None:
    # One that has ended has no number any more, or somebody else's.
    if process.pid is not None and process.is_alive():
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)


def of(told: Sequence[Told], what: str) -> list[Told]:
    return [each for each in told if each.what == what]

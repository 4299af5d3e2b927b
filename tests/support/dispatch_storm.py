"""Two dispatchers deliver a thousand notices by a real mail server, and are killed while they do.

Each dispatcher is a process with a store and a mail server of its own; all servers are threads of
the test, and know for good what they took. A dispatcher is killed at random instants, and at chosen
ones: when its server has taken a message and has not said so yet. Then it begins anew.

Time runs faster than on the wall, so that the end of a lease can be waited for. It is one time for
all processes: the monotonic clock of the host.
"""

import logging
import os
import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from random import Random  # noqa: TID251 - what happens is chance; what must hold, is not

from attrs import define, evolve, field, frozen

import omnibook as ob
from omnibook.adapters.letters import Letterhead
from omnibook.adapters.smtp import MailServer, Security, SmtpNotifier
from omnibook.adapters.sql import SqlStore
from omnibook.booking_form import BookingEntries
from omnibook.clinic import Clinic, Policies
from omnibook.dispatch import Dispatcher
from omnibook.errors import StoreError
from omnibook.ids import ActivityId, AppointmentId, NoticeId, ScheduleId, ServiceId
from omnibook.ports import ReadScope, Store
from omnibook.records import VISITOR, Appointment, Notice, NoticeKind, NoticeRole, NoticeState
from omnibook.times import Span
from omnibook.transactions import Decision, PutAppointment, PutNotice, Scope
from support.mail_servers import MailHost, Taken
from support.quick_sql import quick_engine
from support.storm import KEYS, Process, fork_server
from support.worlds import CARE, MARIE, email, opening, schedule, service, small_clinic

LETTERHEAD = Letterhead(sender="booking@clinic.example.org", name="Clinic")
EMAIL = ob.ContactSystem.EMAIL
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
PACE = 24
"""A lease of four minutes is over after ten seconds."""


_MESSAGE_ID = re.compile(rb"^Message-ID: <([^@>]+)@", re.MULTILINE)


@frozen
class FastClock:
    """A clock that runs faster, the same in every process of the host."""

    began: float
    """By the monotonic clock."""

    def now(self) -> datetime:
        return START + PACE * timedelta(seconds=time.monotonic() - self.began)


def clinic() -> Clinic:
    return small_clinic(
        services=(service("open", 15, activities=(CARE,)),),
        schedules=(schedule("a", opening()),),
        policies=Policies(channels=frozenset({EMAIL})),
    )


def open_store(url: str, clock: FastClock) -> SqlStore:
    """SQLite does not wait for the disk: what a killed process wrote survives it all the same."""
    return SqlStore(quick_engine(url) if url.startswith("sqlite") else url, clock=clock)


def fill(store: Store, appointments: int, notices_each: int) -> list[NoticeId]:
    """Queue notices about appointments that are far away; answers their identifiers."""
    made: list[NoticeId] = []
    for number in range(appointments):
        start = START + timedelta(days=20 + number)
        slot = ob.Slot(ServiceId("open"), ScheduleId("a"), start, start + timedelta(minutes=15))
        booked = Appointment(
            clinic_id=clinic().clinic_id,
            appointment_id=AppointmentId(f"appointment-{number}"),
            reference="K7TM-42QX",
            slot=slot,
            activity=ActivityId("care"),
            claimed=slot.span,
            patient_id=MARIE.patient_id,
            entries=BookingEntries(reason="x", details="", contacts=(email(f"to{number}"),)),
            language="fr",
            booked_at=START,
            booked_by=VISITOR,
        )
        one = Notice(
            clinic_id=booked.clinic_id,
            notice_id=NoticeId(""),
            appointment_id=booked.appointment_id,
            kind=NoticeKind.BOOKING,
            role=NoticeRole.FORM_EMAIL,
            revision=0,
            not_before=START,
        )
        names = [NoticeId(f"notice-{number}-{each}") for each in range(notices_each)]
        writes = (PutAppointment(booked), *(PutNotice(evolve(one, notice_id=n)) for n in names))
        around = Span(start - timedelta(days=1), start + timedelta(days=1))
        scope = Scope(clinic_id=booked.clinic_id, schedules={ScheduleId("a"): around})
        store.transact(scope, lambda _, writes=writes: Decision(None, writes))  # type: ignore[misc]
        made += names
    return made


def deliver_in_a_process(url: str, port: int, began: float, line: Connection) -> None:
    """What a dispatcher's process runs, until it is killed; it tells what it is about to send."""
    logging.disable()
    # Whoever is killed tells of no line that it ran: tracing them would be for nothing.
    sys.settrace(None)
    try:
        _deliver(url, port, FastClock(began), line)
    except BaseException as leaked:  # noqa: BLE001 - whatever leaks is the finding
        line.send(f"leaked {leaked!r}")


@frozen
class _Telling:
    notifier: SmtpNotifier
    line: Connection

    def send(self, message: ob.Message) -> None:
        self.line.send(message.message_id)
        self.notifier.send(message)


def _deliver(url: str, port: int, clock: FastClock, line: Connection) -> None:
    server = MailServer(host="127.0.0.1", port=port, security=Security.PLAIN)
    notifier = _Telling(SmtpNotifier(server, LETTERHEAD), line)
    dispatcher = Dispatcher(
        clinic(),
        store=open_store(url, clock),
        directory=ob.MemoryDirectory(),
        keys=KEYS,
        notifiers={EMAIL: notifier},
    )
    pause = threading.Event()
    while True:
        with suppress(StoreError):
            if dispatcher.run_once().more:
                continue
        pause.wait(0.05)


class _Deadly(list[Taken]):
    """What a server took; with every so many messages it kills who sent the last one."""

    def __init__(self, seat: "_Seat", every: int) -> None:
        super().__init__()
        self.seat, self.every = seat, every

    def append(self, taken: Taken) -> None:
        super().append(taken)
        if len(self) % self.every == 0:
            # It has been taken, and nobody will ever hear so.
            self.seat.deaths.append("taken")
            self.seat.kill()


@define(eq=False)
class _Seat:
    """A dispatcher, whichever process is it now, and its mail server."""

    url: str
    began: float
    host: MailHost
    process: Process | None = None
    line: Connection | None = None
    deaths: list[str] = field(factory=list)
    at_hand: list[str] = field(factory=list)
    """What each process that died had told last."""
    leaked: list[str] = field(factory=list)
    _last: str = ""

    def sit(self) -> None:
        """Begin anew, if the process died."""
        if self.process is not None and self.process.is_alive():
            self.hear()
            return
        self.bury()
        context = fork_server()
        self.line, theirs = context.Pipe(duplex=False)
        self.process = context.Process(
            target=deliver_in_a_process,
            args=(self.url, self.host.port, self.began, theirs),
            daemon=True,
        )
        self.process.start()
        theirs.close()

    def hear(self) -> None:
        assert self.line is not None
        with suppress(EOFError, OSError):
            while self.line.poll():
                said = self.line.recv()
                if said.startswith("leaked"):
                    self.leaked.append(said)
                self._last = said

    def kill(self) -> None:
        process = self.process
        if process is not None and process.pid is not None and process.is_alive():
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)

    def bury(self) -> None:
        """Wait for the end of a killed process, and hear its last word."""
        if self.process is None or self.line is None:
            return
        self.process.join()
        self.hear()
        self.line.close()
        if self._last:
            self.at_hand.append(self._last)
        self.process, self.line, self._last = None, None, ""


@frozen
class Found:
    """What came of it."""

    taken: Counter[str]
    """How often each Message-ID was taken."""
    at_hand: Counter[str]
    """What dispatchers were about when they died."""
    deaths: int
    after_taking: int
    """How many of the deaths came between a server's acceptance and our record."""
    leaked: Sequence[str]
    states: Counter[NoticeState]


def deliver_and_die(
    url: str, *, appointments: int, notices_each: int, every: int, kills: int, seed: int = 0
) -> Found:
    """Deliver everything; kill a dispatcher ``kills`` times at random instants, and more often.

    Each server kills its dispatcher at every ``every``-th message. The random kills come while
    three quarters of all messages are still to go out, so that the end comes.
    """
    chance, began = Random(seed), time.monotonic()
    clock = FastClock(began)
    with ExitStack() as stack:
        hosts = [stack.enter_context(MailHost()) for _ in range(2)]
        store = stack.enter_context(open_store(url, clock))
        names = fill(store, appointments, notices_each)
        seats = [_Seat(url, began, host) for host in hosts]
        for seat in seats:
            seat.host.taken = _Deadly(seat, every)
        # By how much was delivered, so that a slow machine is not killed more often.
        points = sorted(chance.uniform(0, 0.75) * len(names) for _ in range(kills))
        random_deaths = 0
        waiting = threading.Event()
        try:
            while not _is_over(store, names, hosts):
                for seat in seats:
                    seat.sit()
                if points and sum(len(host.taken) for host in hosts) >= points[0]:
                    points.pop(0)
                    waiting.wait(chance.uniform(0, 0.03))
                    chance.choice(seats).kill()
                    random_deaths += 1
                waiting.wait(0.01)
                assert time.monotonic() - began < 400, "it does not end"
        finally:
            for seat in seats:
                seat.kill()
                seat.bury()
        after_taking = sum(len(seat.deaths) for seat in seats)
        return Found(
            taken=Counter(_id_of(taken) for host in hosts for taken in host.taken),
            at_hand=Counter(name for seat in seats for name in seat.at_hand),
            deaths=random_deaths + after_taking,
            after_taking=after_taking,
            leaked=[said for seat in seats for said in seat.leaked],
            states=Counter(_states(store, names)),
        )


def _id_of(taken: Taken) -> str:
    found = _MESSAGE_ID.search(taken.content)
    assert found is not None
    return found[1].decode("ascii")


def _is_over(store: Store, names: Sequence[NoticeId], hosts: Sequence[MailHost]) -> bool:
    if sum(len(host.taken) for host in hosts) < len(names):
        return False
    return all(state is NoticeState.SENT for state in _states(store, names))


def _states(store: Store, names: Sequence[NoticeId]) -> list[NoticeState]:
    found = []
    for name in names:
        scope = Scope(clinic_id=clinic().clinic_id, notice=name)
        notice = store.read(ReadScope(scope))[1].notice
        assert notice is not None
        found.append(notice.state)
        if notice.state is NoticeState.QUEUED:
            break
    return found

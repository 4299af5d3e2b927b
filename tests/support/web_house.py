"""The portal's pages, served on loopback by a thread: for browsers, screenshots and measurements.

A :class:`Server` is a uvicorn in a thread of its own, whose application can be exchanged: each test
puts a :class:`House` behind it, which is a clinic with a store and a clock of its own.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any, Self, TypeVar
from zoneinfo import ZoneInfo

import trustme
import uvicorn
from attrs import define, evolve
from starlette.types import ASGIApp, Receive, Scope, Send

import omnibook as ob
from omnibook.adapters.files import load_patients
from omnibook.adapters.sql import AsyncSqlStore, SqlStore
from omnibook.clinic import Clinic, Text
from omnibook.ports import AsyncStore, Clock, Store
from omnibook.web import MemoryDrafts, WebSettings, create_app

T = TypeVar("T")

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
START = datetime(2026, 11, 23, 7, 0, tzinfo=ZoneInfo("America/Toronto"))
"""A Monday, an hour and a half before the example clinic's first opening."""

TERMS = Text(
    fr="La clinique et ses patients sont inventés.\nN’écrivez ici rien de vrai.",
    en="The clinic and its patients are invented.\nWrite nothing true here.",
)


def example_clinic(name: str = "clinic.toml") -> Clinic:
    """One of the two example clinics."""
    return Clinic.from_toml(EXAMPLES / name)


def example_patients(region: str = "CA") -> tuple[ob.Patient, ...]:
    """The example clinic's patient files."""
    return tuple(load_patients(EXAMPLES / "patients.json", region=region))


# The server --------------------------------------------------------------------------------------


class Server:
    """A uvicorn on a free port of 127.0.0.1; what it serves can be exchanged."""

    def __init__(self, *, tls: bool = False) -> None:
        self._app: ASGIApp | None = None
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        # As in omnibook.cli_serve.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._tls = _certificate() if tls else None
        config = uvicorn.Config(
            self._serve,
            access_log=False,
            interface="asgi3",
            lifespan="off",
            log_level="warning",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=1,
            ws="none",
        )
        if self._tls is not None:
            config.load()
            config.ssl = self._tls
        self._server = uvicorn.Server(config)
        self._loop: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = Thread(target=self._run, name="portal", daemon=True)

    @property
    def address(self) -> str:
        """Where it is reached, without a slash at the end."""
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        # The socket listens already: whoever comes before the server does, waits in its queue.
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=20)
        assert not self._thread.is_alive()

    def serve(self, app: ASGIApp | None) -> None:
        """From now on serve this application."""
        self._app = app

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the server's event loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop.result(20)).result(60)

    def _run(self) -> None:
        async def serve() -> None:
            self._loop.set_result(asyncio.get_running_loop())
            await self._server.serve(sockets=[self._socket])

        asyncio.run(serve())

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._app is not None, "no house is open"
        await self._app(scope, receive, send)


def _certificate() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context


# A clinic behind it ------------------------------------------------------------------------------


@define
class Gate:
    """Stands before the application, and can be told what to do before a request."""

    app: ASGIApp
    before: Callable[[Scope], Awaitable[None]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.before is not None:
            await self.before(scope)
        await self.app(scope, receive, send)


@define
class House:
    """A clinic that is open: its pages, and everything behind them."""

    address: str
    clinic: Clinic
    clock: ob.ManualClock
    portal: ob.Portal
    """The same clinic as a library, for what a test prepares."""
    desk: ob.FrontDesk
    gate: Gate

    def wait(self, **duration: float) -> None:
        """Let time pass, such as ``wait(minutes=5)``."""
        self.clock.advance(timedelta(**duration))

    def appointments(self) -> tuple[ob.Appointment, ...]:
        """Every appointment of the next two weeks, cancelled ones included, in order."""
        first = self.clock.now().astimezone(self.clinic.zone).date()
        days = (first + timedelta(days=ahead) for ahead in range(14))
        return tuple(
            each
            for day in days
            for each in self.desk.day(day, actor=ob.Actor.staff("staff-7")).appointments
        )


def settings_of(clock: Clock, keys: ob.Keyring, **more: Any) -> WebSettings:
    """How a test's pages are served: on loopback, without TLS."""
    made = WebSettings(
        keys=keys,
        hosts=("127.0.0.1",),
        secure=False,
        terms=TERMS,
        clock=clock,
        drafts=MemoryDrafts(clock),
    )
    return evolve(made, **more)


def open_house(
    server: Server, clinic: Clinic | None = None, *, start: datetime = START, **settings: Any
) -> House:
    """Open a fresh clinic, in memory, behind the server; the one before it is closed."""
    clock = ob.ManualClock(start)
    store = ob.MemoryStore(clock)
    return _open(
        server, clinic, clock, store=store, awaited=ob.AsyncMemoryStore(over=store), **settings
    )


@contextmanager
def open_house_on(server: Server, url: str, **settings: Any) -> Iterator[House]:
    """Open a fresh clinic on a database that has the tables."""
    clock = ob.ManualClock(START)

    async def opened() -> AsyncSqlStore:
        return AsyncSqlStore(url, clock=clock)

    awaited = server.run(opened())
    try:
        with SqlStore(url, clock=clock) as store:
            yield _open(server, None, clock, store=store, awaited=awaited, **settings)
    finally:
        server.run(awaited.close())


def _open(
    server: Server,
    clinic: Clinic | None,
    clock: ob.ManualClock,
    *,
    store: Store,
    awaited: AsyncStore,
    **settings: Any,
) -> House:
    clinic = clinic or example_clinic()
    keys = ob.Keyring((b"a secret for tests, of 32 bytes..",))
    directory = ob.MemoryDirectory(example_patients())
    generous = ob.LimiterPolicy(per_source=10**6, per_person=10**6, overall=10**6)
    limiter = ob.MemoryLimiter(clock, generous)
    pages = ob.AsyncPortal(clinic, store=awaited, directory=directory, keys=keys, limiter=limiter)
    gate = Gate(create_app(pages, clinic, settings_of(clock, keys, **settings)))
    server.serve(gate)
    return House(
        address=server.address,
        clinic=clinic,
        clock=clock,
        portal=ob.Portal(clinic, store=store, directory=directory, keys=keys, limiter=limiter),
        desk=ob.FrontDesk(clinic, store=store, directory=directory, keys=keys),
        gate=gate,
    )

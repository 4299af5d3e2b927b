"""``omnibook serve``: the patient's portal in a web server of its own (extra ``web``).

Without a file it is a demonstration: the invented clinic of the examples, a SQLite file that goes
when it ends, and pages on this machine only. With a deployment's file it serves that clinic under
the address of its ``[portal]``, over HTTPS, behind the proxy that ends TLS.

No request is logged, since a message's link stands in its address. It ends in an orderly way when
it is told to (SIGTERM, SIGINT), with 0; with 1 when it could not begin.
"""

import argparse
import asyncio
import importlib.resources
import importlib.util
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

from omnibook.adapters.clocks import SystemClock
from omnibook.adapters.files import clinic_from_toml, load_patients
from omnibook.adapters.keys import Keyring
from omnibook.adapters.limiter import MemoryLimiter
from omnibook.adapters.memory_files import MemoryDirectory
from omnibook.clinic import Clinic, Text
from omnibook.deployment import ONE_SOURCE, deployment_from_toml, prepare
from omnibook.errors import ConfigurationError, InvalidValue, OmnibookError
from omnibook.patient import Patient
from omnibook.portal import AsyncPortal

if TYPE_CHECKING:
    from starlette.types import ASGIApp

GRACE = 10
"""For how many seconds requests may go on once it was told to end."""

CONNECTIONS = 1000
"""How many browsers may be connected at a time; a further one is answered 503."""

_NEEDED = ("starlette", "jinja2", "babel", "sqlalchemy", "aiosqlite", "uvicorn")
_SHOWN = 3
_HERE = ("127.0.0.1", "localhost", "[::1]")

_DEMONSTRATION = Text(
    fr="Ceci est une démonstration : la clinique et ses patients sont inventés.\n"
    "Ce que vous écrivez reste dans un fichier de cet ordinateur, effacé à la fin.\n"
    "N’y écrivez rien de vrai.",
    en="This is a demonstration: the clinic and its patients are invented.\n"
    "What you write stays in a file on this computer, which is erased at the end.\n"
    "Write nothing true in it.",
)


@frozen(kw_only=True)
class Served:
    """What is served, and under which names."""

    clinic: Clinic
    patients: tuple[Patient, ...] | None = field(repr=False)
    """Of a JSON file; without one they are those of the database."""
    database_url: str = field(repr=False)
    keys: Keyring
    hosts: tuple[str, ...] = _HERE
    address: str = ""
    """Under which patients reach it; this machine's own in a demonstration."""
    trusted_proxies: tuple[str, ...] = ()
    proxy_header: str = "x-forwarded-for"
    terms: Text | None = None

    @property
    def is_demonstration(self) -> bool:
        """Whether it is the invented clinic, on this machine."""
        return not self.address


def add_serve(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``omnibook serve``."""
    command.add_argument(
        "file", metavar="FILE", nargs="?", help="the deployment's TOML file; else a demonstration"
    )
    command.add_argument(
        "--bind", metavar="ADDRESS", default="127.0.0.1", help="of this machine; default 127.0.0.1"
    )
    command.add_argument("--port", metavar="NUMBER", type=_port, default=8000, help="default 8000")
    command.add_argument(
        "--terms",
        metavar="LANGUAGE=FILE",
        action="append",
        default=[],
        help="the text of the terms, a paragraph for each line: fr=FILE and en=FILE",
    )


def run_serve(given: argparse.Namespace) -> int:
    """Serve until told to stop; return 0, or 1 when it could not begin."""
    lacking = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if lacking:
        told = f'omnibook serve needs the extra "web", {", ".join(lacking)} lacks'
        print(f'{told}: pip install "omnibook[web]"', file=sys.stderr)
        return 1
    try:
        with ExitStack() as stack:
            served = _demonstration(given, stack) if given.file is None else _deployed(given)
            asyncio.run(_serve(served, given.bind, given.port))
    except ConfigurationError as error:
        for mistake in error.mistakes:
            print(f"  {mistake}", file=sys.stderr)
        return 1
    except (OmnibookError, OSError) as error:
        print(f"  {error}", file=sys.stderr)
        return 1
    return 0


# What is served ----------------------------------------------------------------------------------


def _demonstration(given: argparse.Namespace, stack: ExitStack) -> Served:
    if given.bind not in {"127.0.0.1", "::1", "localhost"}:
        raise InvalidValue(f"a demonstration is for this machine only, {given.bind} is not")
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="omnibook-"))
    files = {
        name: stack.enter_context(importlib.resources.as_file(example_file(name)))
        for name in ("clinic.toml", "patients.json")
    }
    return Served(
        clinic=clinic_from_toml(files["clinic.toml"]),
        patients=tuple(load_patients(files["patients.json"])),
        database_url=f"sqlite:///{folder}/clinic.db",
        keys=Keyring.generate(),
        terms=_terms(given) or _DEMONSTRATION,
    )


def _deployed(given: argparse.Namespace) -> Served:
    prepared = prepare(deployment_from_toml(given.file))
    portal = prepared.deployment.portal
    if portal is None:
        raise ConfigurationError([f"{given.file}: no [portal]; write its address there"])
    if portal.sees_one_source:
        print(f"  warning: {ONE_SOURCE}", file=sys.stderr)
    return Served(
        clinic=prepared.clinic,
        patients=prepared.patients,
        database_url=prepared.database_url,
        keys=prepared.keys,
        hosts=(f"[{portal.host}]" if ":" in portal.host else portal.host,),
        address=portal.address,
        trusted_proxies=portal.trusted_proxies,
        proxy_header=portal.proxy_header,
        terms=_terms(given),
    )


def example_file(name: str) -> Traversable:
    """A file of the examples: in the wheel beside the pages, in a clone in its own folder."""
    packed = importlib.resources.files("omnibook").joinpath("web", "example", name)
    if packed.is_file():
        return packed
    return Path(__file__).resolve().parents[2] / "examples" / name


def _terms(given: argparse.Namespace) -> Text | None:
    if not given.terms:
        return None
    texts: dict[str, str] = {}
    for each in given.terms:
        language, _, file = each.partition("=")
        try:
            texts[language] = Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = type(error).__name__
            raise InvalidValue(f"--terms {each}: give a file in UTF-8, not {why}") from error
    if set(texts) != {"fr", "en"}:
        raise InvalidValue("--terms is wanted in both languages: fr=FILE and en=FILE")
    return Text(texts["fr"], texts["en"])


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError("a port is a number up to 65535")
    return int(text)


# Serving -----------------------------------------------------------------------------------------


@asynccontextmanager
async def application(served: Served) -> AsyncGenerator["ASGIApp", None]:
    """The portal of a deployment as an ASGI application, for as long as its database is open."""
    from omnibook.adapters.sql import (  # noqa: PLC0415
        AsyncSqlDirectory,
        AsyncSqlLimiter,
        AsyncSqlStore,
    )
    from omnibook.web import WebSettings, create_app  # noqa: PLC0415

    clinic, url = served.clinic, served.database_url
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(AsyncSqlStore(url))
        directory: MemoryDirectory | AsyncSqlDirectory
        if served.patients is None:
            directory = await stack.enter_async_context(AsyncSqlDirectory(url, clinic.clinic_id))
        else:
            directory = MemoryDirectory(served.patients)
        limiter: MemoryLimiter | AsyncSqlLimiter
        if served.is_demonstration:
            limiter = MemoryLimiter(SystemClock())
        else:
            limiter = await stack.enter_async_context(AsyncSqlLimiter(url, clinic.clinic_id))
        portal = AsyncPortal(
            clinic, store=store, directory=directory, keys=served.keys, limiter=limiter
        )
        settings = WebSettings(
            keys=served.keys,
            hosts=served.hosts,
            secure=served.address.startswith("https:"),
            trusted_proxies=served.trusted_proxies,
            proxy_header=served.proxy_header,
            terms=served.terms,
            sends_messages=not served.is_demonstration,
        )
        yield create_app(portal, clinic, settings)


async def _serve(served: Served, bind: str, port: int) -> None:
    # What needs the extra is imported here, so that the other commands do without it.
    import uvicorn  # noqa: PLC0415

    class Server(uvicorn.Server):
        """Ends when it is told to, and lets what is around it end too."""

        @contextmanager
        def capture_signals(self) -> Generator[None, None, None]:
            for each in (signal.SIGINT, signal.SIGTERM):
                signal.signal(each, self.handle_exit)
            yield

    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    async with application(served) as app:
        config = uvicorn.Config(
            app,
            access_log=False,
            limit_concurrency=CONNECTIONS,
            log_level="warning",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE,
        )
        with socket.create_server((bind, port), family=family) as listening:
            # asyncio asks for this only of sockets that it made itself; without it a page's second
            # half waits for the browser's acknowledgement of the first, some 40 ms.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _tell(served, bind, listening.getsockname()[1])
            await Server(config).serve(sockets=[listening])


def _tell(served: Served, bind: str, port: int) -> None:
    shown = f"http://{f'[{bind}]' if ':' in bind else bind}:{port}"
    if not served.is_demonstration:
        print(f"{served.address} is served at {shown} (Ctrl-C ends it)", flush=True)
        return
    print(f"The portal is at {shown}/ (Ctrl-C ends it)\n\nPatients to try, all invented:\n")
    patients = served.patients or ()
    for patient in patients[:_SHOWN]:
        print(f"  {_line(patient)}")
    print(f"  and {len(patients) - _SHOWN} more, in {example_file('patients.json')}")
    print("\nAnybody else is not recognised, and may book what is open to everyone.")
    print("No message is sent.", flush=True)


def _line(patient: Patient) -> str:
    name, born = patient.names[0], patient.birth_date
    contacts = ", ".join(point.value for point in patient.contacts)
    return f"{name.given} {name.family}, {born}, {patient.gender}, {contacts}"

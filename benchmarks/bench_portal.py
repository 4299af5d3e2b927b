"""Two hundred visitors walk through the portal's pages, served by one process on SQLite.

    make bench                                  # with the other benchmarks
    .venv/bin/python benchmarks/bench_portal.py --quick

Each visitor has a file, a source of their own (named by a proxy that the portal trusts) and a
connection of their own, and walks from the first page to the confirmation by HTTP on loopback. The
overall limit of R12 is raised. Who loses the race for a time takes another one from the fresh list,
as a person would.

First one visitor after the other; then all at once, when what is measured is mostly the queue; then
a tenth of them who all want the next five times. A step is from the press of its button to the next
page: a POST and the GET that it leads to. What is not as it should be (a page of an error, a step
that leads elsewhere) ends the benchmark, and so does a time that the database holds twice.
"""

import argparse
import asyncio
import html
import json
import multiprocessing
import re
import resource
import socket
import sqlite3
import ssl
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

import httpx
import uvicorn
from attrs import define, field
from availability_report import duration
from availability_timing import Timing
from storage_report import machine

import omnibook as ob
from omnibook.adapters.sql import AsyncSqlStore, upgrade
from omnibook.clinic import Clinic
from omnibook.ids import PatientId
from omnibook.web import WebSettings, create_app

ROOT = Path(__file__).resolve().parents[1]
SERVICE = "follow-up"
STEPS = ("open", "identify", "choose", "find", "review", "book")
BORN = date(1985, 7, 4)
CERTIFICATES = ssl.create_default_context()
"""Not used on loopback, but each client would read them again, which takes longer than a walk."""
MOST_TRIES = 40
"""So often a visitor wants a time at most, until one of them is free."""
UNLIMITED = ob.LimiterPolicy(overall=10**9)

spawn = multiprocessing.get_context("spawn")


def clinic() -> Clinic:
    """The example clinic."""
    return Clinic.from_toml(ROOT / "examples" / "clinic.toml")


def patient(number: int) -> ob.Patient:
    """One of the patients; each has another name and address."""
    return ob.Patient(
        patient_id=PatientId(f"p-{number}"),
        names=(ob.PersonName("Camille", family_name(number)),),
        birth_date=BORN,
        gender=ob.Gender.FEMALE,
        contacts=(
            ob.ContactPoint(system=ob.ContactSystem.EMAIL, value=f"visitor{number}@example.org"),
        ),
        file_number=str(number),
        family_doctor="gagnon",
    )


def family_name(number: int) -> str:
    """A name of letters only."""
    return "Visite" + "".join(chr(97 + int(digit)) for digit in str(number))


# The server --------------------------------------------------------------------------------------


def serve(url: str, patients: int, line: Connection) -> None:
    """Serve until told to end; tell the port, and in the end what it took of the processor."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    # As in omnibook.cli_serve.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def run() -> None:
        keys = ob.Keyring((b"a secret for a benchmark, 32 bytes",))
        async with AsyncSqlStore(url) as store:
            portal = ob.AsyncPortal(
                clinic(),
                store=store,
                directory=ob.MemoryDirectory(map(patient, range(patients))),
                keys=keys,
                limiter=ob.MemoryLimiter(ob.SystemClock(), UNLIMITED),
            )
            settings = WebSettings(
                keys=keys, hosts=("127.0.0.1",), secure=False, trusted_proxies=("127.0.0.1",)
            )
            server = uvicorn.Server(
                uvicorn.Config(
                    create_app(portal, clinic(), settings),
                    access_log=False,
                    lifespan="off",
                    log_level="warning",
                    proxy_headers=False,
                    server_header=False,
                    timeout_graceful_shutdown=1,
                )
            )

            def end() -> None:
                server.should_exit = True

            asyncio.get_running_loop().add_reader(line.fileno(), end)
            line.send(listening.getsockname()[1])
            await server.serve(sockets=[listening])

    asyncio.run(run())
    line.send(cpu_seconds())


def cpu_seconds() -> float:
    """What this process has taken of the processor so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


# A visitor ---------------------------------------------------------------------------------------


@define
class Tally:
    """What a crowd's walks took."""

    steps: dict[str, Timing] = field(factory=lambda: {step: Timing() for step in STEPS})
    walks: Timing = field(factory=Timing)
    requests: int = 0
    lost: int = 0
    """How often somebody else was first."""
    elapsed: float = 0.0

    @property
    def per_second(self) -> float:
        return len(self.walks.times) / self.elapsed


@define
class Visitor:
    """One person with a browser: cookies and a connection of their own."""

    number: int
    client: httpx.AsyncClient
    tally: Tally
    random: Random
    wish: dict[str, str]
    """When to come."""
    page: httpx.Response | None = None

    async def walk(self) -> None:
        """From the first page to the confirmation."""
        began = time.perf_counter()
        await self._step("open", "/", None)
        await self._step("identify", "/choose", self._identity())
        await self._step("choose", "/when", {"service": SERVICE, "reason": "Un mal de gorge"})
        await self._step("find", "/times", self.wish)
        for _ in range(MOST_TRIES):
            slots = re.findall(r'name="slot" value="([^"]+)"', self._text)
            slot = html.unescape(self.random.choice(slots))
            if await self._step("review", None, {"slot": slot}) == "/review":
                break
            self.tally.lost += 1
        [hold] = re.findall(r'name="hold" value="([^"]+)"', self._text)
        contacts = {"email": f"visitor{self.number}@example.org", "reason": "Un mal de gorge"}
        await self._step("book", "/confirmation", {"hold": hold, "book": "1", **contacts})
        self.tally.walks.times.append(time.perf_counter() - began)

    def _identity(self) -> dict[str, str]:
        return {
            "acting_for": "self",
            "first_name": "Camille",
            "last_name": family_name(self.number),
            "birth_day": str(BORN.day),
            "birth_month": str(BORN.month),
            "birth_year": str(BORN.year),
            "gender": "female",
            "email": f"visitor{self.number}@example.org",
            "terms": "2026-01",
        }

    @property
    def _text(self) -> str:
        assert self.page is not None
        return self.page.text

    async def _step(self, name: str, leads_to: str | None, fields: dict[str, str] | None) -> str:
        """Press a button, or open the first page; return the path of the page that comes."""
        began = time.perf_counter()
        if fields is None:
            answer = await self.client.get("/")
        else:
            assert self.page is not None
            # The first form of a page is the one of its step; the other one is for leaving.
            token = re.findall(r'name="form_token" value="([^"]+)"', self._text)[0]
            answer = await self.client.post(
                self.page.url.path, data={"form_token": token, **fields}
            )
        self.tally.steps[name].times.append(time.perf_counter() - began)
        self.tally.requests += 1 + len(answer.history)
        assert answer.status_code == 200, (name, answer.status_code)
        path = answer.url.path
        assert path == (leads_to or path), (name, path)
        assert path in {"/", "/choose", "/when", "/times", "/review", "/confirmation"}, (name, path)
        self.page = answer
        return path


@asynccontextmanager
async def visitor(
    address: str, number: int, source: int, tally: Tally, *, soonest: bool
) -> AsyncIterator[Visitor]:
    """A visitor who comes from an address of the networks for documentation."""
    random, wish = Random(number), {"when": "soonest"}
    if not soonest:
        first = datetime.now(UTC).date() + timedelta(days=random.randint(1, 45))
        wish = {"when": "filter", "first_date": first.isoformat()}
    network = ("192.0.2", "198.51.100", "203.0.113")[source // 250 % 3]
    headers = {"X-Forwarded-For": f"{network}.{source % 250 + 1}", "Accept-Language": "fr-CA"}
    async with httpx.AsyncClient(
        base_url=address, headers=headers, follow_redirects=True, timeout=120, verify=CERTIFICATES
    ) as client:
        yield Visitor(number, client, tally, random, wish)


async def crowd(
    address: str, numbers: Iterable[int], *, at_once: bool = True, soonest: bool = False
) -> Tally:
    """So many visitors, at once or one after the other; on days of their own, or all on one."""
    tally = Tally()

    async def one(source: int, number: int) -> None:
        async with visitor(address, number, source, tally, soonest=soonest) as here:
            await here.walk()

    began = time.perf_counter()
    if at_once:
        async with asyncio.TaskGroup() as group:
            for source, number in enumerate(numbers):
                group.create_task(one(source, number))
    else:
        for source, number in enumerate(numbers):
            await one(source, number)
    tally.elapsed = time.perf_counter() - began
    return tally


# What is told ------------------------------------------------------------------------------------


def check(file: Path, booked: int) -> None:
    """Everybody is booked, and nobody's time overlaps another's of the same schedule."""
    with sqlite3.connect(file) as database:
        claims = database.execute(
            "SELECT schedule_id, starts_at, ends_at FROM claims ORDER BY schedule_id, starts_at"
        ).fetchall()
        kept = database.execute("SELECT count(*) FROM appointments").fetchone()[0]
    assert kept == booked, f"{kept} appointments for {booked} visitors"
    assert len(claims) == booked, f"{len(claims)} claims for {booked} appointments"
    for (one, _, ends), (other, starts, _) in pairwise(claims):
        assert one != other or ends <= starts, "a time was given twice"


def told(name: str, tally: Tally) -> list[str]:
    """A table of the steps."""
    rates = (
        f"{tally.per_second:.1f} walks and {tally.requests / tally.elapsed:.0f} requests a second"
    )
    lines = [f"\n{name}: {rates}; {tally.lost} times somebody else was first"]
    lines.append(f"  {'step':<12}{'times':>6}{'p50':>12}{'p99':>12}{'worst':>12}")
    for step, timing in (*tally.steps.items(), ("whole walk", tally.walks)):
        columns = (timing.median, timing.p99, max(timing.times))
        cells = "".join(f"{duration(each):>12}" for each in columns)
        lines.append(f"  {step:<12}{len(timing.times):>6}{cells}")
    return lines


def as_json(tally: Tally) -> dict[str, object]:
    """Everything that was measured."""
    return {
        "walks": len(tally.walks.times),
        "walks_per_second": tally.per_second,
        "requests": tally.requests,
        "lost": tally.lost,
        "elapsed": tally.elapsed,
        "steps": {step: timing.times for step, timing in tally.steps.items()},
        "whole": tally.walks.times,
    }


def main() -> None:
    """Serve, walk, check, and tell."""
    command = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    command.add_argument("--quick", action="store_true", help="forty visitors instead")
    command.add_argument("--visitors", type=int, default=200)
    given = command.parse_args()
    visitors = 40 if given.quick else given.visitors
    alone = max(10, visitors // 10)
    walks = 3 * alone + visitors
    with tempfile.TemporaryDirectory() as folder:
        where = machine(Path(folder))
        print(", ".join(f"{name} {value}" for name, value in where.items()))
        file = Path(folder) / "clinic.db"
        url = f"sqlite:///{file}"
        upgrade(url)
        mine, theirs = spawn.Pipe()
        process = spawn.Process(target=serve, args=(url, walks, theirs))
        process.start()
        address = f"http://127.0.0.1:{mine.recv()}"
        # The first walks are a warm-up, and dropped.
        asyncio.run(crowd(address, range(alone), at_once=False))
        single = asyncio.run(crowd(address, range(alone, 2 * alone), at_once=False))
        own = cpu_seconds()
        everybody = range(2 * alone, 2 * alone + visitors)
        together = asyncio.run(crowd(address, everybody))
        own = cpu_seconds() - own
        racing = range(2 * alone + visitors, 3 * alone + visitors)
        race = asyncio.run(crowd(address, racing, soonest=True))
        mine.send("end")
        served = mine.recv()
        process.join()
        check(file, walks)
    print(*told(f"one after the other, {alone} visitors", single), sep="\n")
    print(*told(f"{visitors} visitors at once", together), sep="\n")
    print(*told(f"{alone} visitors at once who want the next five times", race), sep="\n")
    print(f"\nNo error, no time given twice. The server took {served / walks * 1000:.0f} ms of the")
    print(f"processor for a walk, the visitors beside it {own / visitors * 1000:.0f} ms.")
    out = ROOT / "build" / "bench"
    out.mkdir(parents=True, exist_ok=True)
    found = {
        "machine": where,
        "alone": as_json(single),
        "together": as_json(together),
        "race": as_json(race),
        "server_cpu_per_walk": served / walks,
    }
    (out / "portal.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()

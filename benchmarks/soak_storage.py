"""A long storm over every engine: a hundred thousand reviews, and nothing lost or given twice.

    make soak                                   # minutes
    make soak ARGS="--reviews 10000"
    make soak ARGS="--engines sqlite --seed 7"

Eight processes review, book, give up and cancel; ten times a second one of them is killed, and each
PostgreSQL server three times in its run. Afterwards everything is checked: no overlap, nothing that
was acknowledged is gone, nothing is half-written, nobody held or booked what somebody else held.
PostgreSQL runs once with each default isolation level.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests"))

from attrs import evolve, frozen  # noqa: E402 - after the path

from omnibook.adapters.sql import SqlStore  # noqa: E402
from support.aftermath import check  # noqa: E402
from support.postgres import ISOLATION, WANTED, Server, programs, why_not  # noqa: E402
from support.storm import Plan, let_it_storm  # noqa: E402

ENGINES = ("sqlite", *(f"postgres-{major}" for major in WANTED))


@frozen
class Site:
    """One database to storm over."""

    name: str
    url: str
    server: Server | None


def levels(engine: str) -> tuple[str, ...]:
    return ("",) if engine == "sqlite" else ISOLATION


@contextmanager
def site(engine: str, level: str) -> Iterator[Site]:
    kind, _, major = engine.partition("-")
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield Site("SQLite", f"sqlite:///{folder}/clinic.db", None)
        return
    with Server(programs()[int(major)]) as server:
        database = server.databases.create(isolation=level)
        yield Site(f"PostgreSQL {major}, {level}", database.url, server)


def soak(here: Site, plan: Plan) -> None:
    SqlStore(here.url).close()
    began = time.monotonic()
    told = let_it_storm(here.url, plan, here.server)
    stormed = time.monotonic() - began
    with SqlStore(here.url) as store:
        found = check(store, told)
    deadlocks = here.server.log().count("deadlock detected") if here.server else 0
    died = len({each.process for each in told}) - plan.processes
    print(
        f"{here.name:32} {found.reviews:7,} reviews in {stormed:5.0f} s, "
        f"{found.appointments:6,} appointments, {found.cancelled:5,} cancelled, "
        f"{found.retaken:5,} lapsed holds retaken, {died:4,} processes died, "
        f"{sum(found.failures.values()):5,} calls repeated, {deadlocks} deadlocks",
        flush=True,
    )
    unexpected = found.failures.keys() - ({"ConnectionLost"} if here.server else set())
    assert not unexpected, found.failures
    assert deadlocks == 0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reviews", type=int, default=100_000, help="in all")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    runs = [(engine, level) for engine in given.engines for level in levels(engine)]
    # The same for each engine, however many levels it has.
    shares = [1 / len(levels(engine)) for engine, _ in runs]
    plan = Plan(seconds=10, pace=40, crowd=240, seed=given.seed)
    for (engine, level), share in zip(runs, shares, strict=True):
        kind, _, major = engine.partition("-")
        if kind != "sqlite" and int(major) not in programs():
            sys.exit(why_not(int(major)))
        with site(engine, level) as here:
            deaths = 3 if here.server else 0
            reviews = round(given.reviews * share / sum(shares))
            soak(here, evolve(plan, server_kills=deaths, reviews=reviews))
    print("nothing was lost, given twice or half-written")


if __name__ == "__main__":
    main()

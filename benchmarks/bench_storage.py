"""How many visitors a store serves, beside what its driver does alone.

    make bench                                  # two minutes
    make bench ARGS=--quick                     # a look
    .venv/bin/python benchmarks/bench_storage.py --engines sqlite --profile

Each kind of work is measured in the same seconds as the raw driver: a single process does both by
turns, fifty a second; several do one after the other. So what else the machine does touches both.
Still, a machine that does nothing else tells more. A figure is the median of the repetitions, with
the least and the greatest beside it; the first of them is a warm-up, and dropped.
"""

import argparse
import json
import multiprocessing
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests"))

from attrs import frozen  # noqa: E402 - after the path
from storage_profile import profile  # noqa: E402
from storage_report import Figures, Race, Run, as_json, machine, table, verdicts  # noqa: E402
from storage_work import AT_ONCE, Order, Preparation, Stretch, prepare_raw, serve  # noqa: E402

from omnibook.adapters.sql import SqlStore  # noqa: E402
from omnibook.errors import InvalidValue  # noqa: E402
from support.postgres import DURABLE, Database, Server, programs, why_not  # noqa: E402

spawn = multiprocessing.get_context("spawn")

ENGINES = ("sqlite", "postgres-15", "postgres-18")
WORKS = ("review", "review+book", "refusal", "refusal+page")
AHEAD = 0.05
"""Every process has heard of a stretch by then, in seconds."""


@frozen
class Target:
    """A fresh database that is measured."""

    name: str
    url: str
    dsn: str
    database: Database | None = None

    @property
    def is_postgres(self) -> bool:
        return self.database is not None

    def look_around(self) -> None:
        """Tell the planner how many rows there are; a server does so by itself after a while."""
        if self.database is not None:
            with self.database.connect() as connection:
                connection.execute("ANALYZE")

    def deadlocks(self) -> int | None:
        if self.database is None:
            return None
        with self.database.connect() as connection:
            found = connection.execute(
                "SELECT deadlocks FROM pg_stat_database WHERE datname = %s", [self.database.name]
            ).fetchone()
        assert found is not None
        return int(found[0])


class Team:
    """So many processes that work at the same time."""

    def __init__(self, target: Target, processes: int) -> None:
        self.processes = processes
        pairs = [spawn.Pipe() for _ in range(processes)]
        self._lines = [mine for mine, _ in pairs]
        self._working = [
            spawn.Process(
                target=serve, args=(target.url, target.dsn, number, processes, theirs), daemon=True
            )
            for number, (_, theirs) in enumerate(pairs)
        ]
        for each in self._working:
            each.start()
        for _, theirs in pairs:
            theirs.close()
        self._hear()

    def prepare(self, visitors: int) -> None:
        for line in self._lines:
            line.send(Preparation(visitors))
        self._hear()

    def work(self, works: Sequence[str], seconds: float) -> list[list[Stretch]]:
        """For each kind of work the stretch of each process."""
        order = Order(tuple(works), time.monotonic() + AHEAD, seconds)
        for line in self._lines:
            line.send(order)
        answers: list[list[Stretch]] = [line.recv() for line in self._lines]
        return [list(each) for each in zip(*answers, strict=True)]

    def beside_raw(self, work: str, seconds: float) -> tuple[list[Stretch], list[Stretch]]:
        """The raw driver and this work: by turns, or for several processes one after the other."""
        if self.processes == 1:
            raw, done = self.work(("raw", work), seconds)
        else:
            (raw,), (done,) = self.work(("raw",), seconds), self.work((work,), seconds)
        return raw, done

    def _hear(self) -> None:
        for line in self._lines:
            line.recv()

    def close(self) -> None:
        for line in self._lines:
            line.send("done")
        for each in self._working:
            each.join()


def rate(stretches: Sequence[Stretch]) -> float:
    """How often a second all processes together did it."""
    if len(stretches) == 1:
        took = stretches[0].took
    else:
        took = max(each.ended for each in stretches) - min(each.began for each in stretches)
    return sum(each.done for each in stretches) / took


def own_time(stretches: Sequence[Stretch]) -> float:
    """What each operation took of the processor in its own process."""
    return sum(each.own for each in stretches) / sum(each.done for each in stretches)


def measure(
    team: Team, target: Target, run: Run, *, seconds: float, repetitions: int, extra: Sequence[str]
) -> None:
    """Measure every kind of work in every repetition, in another order each time."""
    rates: dict[str, list[float]] = {work: [] for work in ("raw", *extra, *WORKS)}
    ratios: dict[str, list[float]] = {work: [] for work in rates}
    worst = dict.fromkeys(rates, 0.0)
    own: dict[str, list[float]] = {work: [] for work in rates}
    expected = dict.fromkeys(rates, 500.0)
    for repetition in range(repetitions + 1):
        target.look_around()
        # Refusals need what was booked, so the warm-up books first.
        works = [*WORKS[1:], WORKS[0], *extra]
        turn = repetition % len(works)
        for work in works[turn:] + works[:turn]:
            # Refusals need one who is refused; reviews need somebody for each.
            each = expected[work] * seconds / team.processes if work.startswith("review") else 0
            team.prepare(int(each * 1.5) + 50)
            raw, done = team.beside_raw(work, seconds)
            expected[work] = max(expected[work], rate(done))
            if repetition:
                rates["raw"].append(rate(raw))
                rates[work].append(rate(done))
                ratios[work].append(rate(done) / rate(raw))
                worst["raw"] = max([worst["raw"], *(each.worst for each in raw)])
                worst[work] = max([worst[work], *(each.worst for each in done)])
                own["raw"].append(own_time(raw))
                own[work].append(own_time(done))
    run.figures += [
        Figures(work, rates[work], ratios[work], worst[work], own[work]) for work in rates
    ]


def race(team: Team, run: Run, repetitions: int) -> None:
    """Let everybody want the same times."""
    rounds: list[list[Stretch]] = []
    for _ in range(repetitions):
        team.prepare(AT_ONCE)
        rounds += team.work(("contention",), 0)
    every = [stretch for each in rounds for stretch in each]
    run.race = Race(
        offered=AT_ONCE * repetitions,
        won=sum(each.won for each in every),
        asked=sum(each.done for each in every),
        rates=[rate(each) for each in rounds],
        worst=[max(each.worst for each in stretches) for stretches in rounds],
    )


@contextmanager
def target_of(engine: str, folder: Path) -> Iterator[Target]:
    """A fresh database of an engine; LookupError where there is none."""
    kind, _, major = engine.partition("-")
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(dir=folder) as own:
            url, raw = f"sqlite:///{own}/clinic.db", f"{own}/raw.db"
            yield Target(f"SQLite {sqlite3.sqlite_version}, FULL", url, raw)
        return
    if int(major) not in programs():
        raise LookupError(why_not(int(major)))
    with Server(programs()[int(major)], DURABLE) as server:
        made, raw_one = server.databases.create(), server.databases.create()
        with made.connect() as connection:
            version = connection.execute("SHOW server_version").fetchone()
        assert version is not None
        prepare_raw(raw_one.dsn)
        name = f"PostgreSQL {str(version[0]).split()[0]}, synchronous"
        yield Target(name, made.url, raw_one.dsn, made)


def set_up(target: Target) -> None:
    """Make the tables; LookupError where the store knows no such engine."""
    try:
        SqlStore(target.url).close()
    except InvalidValue as problem:
        raise LookupError(f"the store refuses it: {problem}") from None


def run_once(target: Target, processes: int, given: argparse.Namespace) -> Run:
    run = Run(target.name, processes)
    team = Team(target, processes)
    extra = ("raw-autocommit",) if target.is_postgres else ()
    measure(team, target, run, seconds=given.seconds, repetitions=given.repetitions, extra=extra)
    if processes > 1:
        race(team, run, given.repetitions)
    team.close()
    run.deadlocks = target.deadlocks()
    return run


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="shorter stretches")
    parser.add_argument("--seconds", type=float, help="of one stretch")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--processes", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench")
    parser.add_argument("--profile", action="store_true", help="where the time of a review goes")
    given = parser.parse_args()
    given.seconds = given.seconds or (0.1 if given.quick else 0.25)
    return given


def main() -> None:
    given = arguments()
    given.folder.mkdir(parents=True, exist_ok=True)
    about = machine(given.folder)
    print(", ".join(f"{key} {value}" for key, value in about.items()), end="\n\n")
    runs: list[Run] = []
    for engine in given.engines:
        for processes in [1] if given.profile else given.processes:
            with ExitStack() as stack:
                try:
                    target = stack.enter_context(target_of(engine, given.folder))
                    set_up(target)
                except LookupError as missing:
                    print(f"{engine}: not measured. {missing}\n")
                    break
                if given.profile:
                    print(f"{target.name}\n{profile(target.url, target.dsn)}")
                    break
                runs.append(run_once(target, processes, given))
                print(table(runs[-1]), end="\n\n", flush=True)
    if not runs:
        return
    goals = verdicts(runs)
    for each in goals:
        print(f"{'met   ' if each.met else 'MISSED'}  {each.goal} ({each.figure})")
    kept = given.folder / "storage.json"
    found = {
        "machine": about,
        "seconds": given.seconds,
        "runs": [as_json(run) for run in runs],
        "goals": [{"goal": each.goal, "figure": each.figure, "met": each.met} for each in goals],
    }
    kept.write_text(json.dumps(found, indent=2) + "\n")
    print(f"\nEvery repetition is in {kept}.")


if __name__ == "__main__":
    main()

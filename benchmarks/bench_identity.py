"""How fast somebody is recognised among a million patient files, beside the raw driver.

    make bench                                  # with the other benchmarks
    .venv/bin/python benchmarks/bench_identity.py --quick
    .venv/bin/python benchmarks/bench_identity.py --files 1000000 --seconds 2

Each call is about another file, drawn from a seed. Everything is measured by turns in the same
seconds, on one SQLite file; every answer is compared with the cause that it must have before it is
timed, and every plan is looked at. A goal that is missed is said to be, and changes no exit code.
"""

import argparse
import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import date
from itertools import count, cycle
from pathlib import Path
from random import Random

from attrs import frozen
from availability_report import Verdict, duration
from availability_timing import Timing, by_turns, frozen_garbage
from identity_files import CASES, CLINIC_ID, Case, Raw, clinic, fill, form
from storage_report import machine

import omnibook as ob
from omnibook.adapters.clocks import SystemClock
from omnibook.adapters.limiter import MemoryLimiter
from omnibook.adapters.sql import (
    SqlDirectory,
    SqlStore,
    directory_statements,
    open_engine,
    upgrade,
)
from omnibook.adapters.sql.compiled import compiled
from omnibook.attempts import LimiterPolicy
from omnibook.identity import Identity, IdentityKeys, MatchCause, MatchPolicy, identify

ROOT = Path(__file__).resolve().parents[1]
SELECT, INSERT = "raw SELECT", "raw SELECT, INSERT, COMMIT"
PURE, PORTAL = "candidates + identify", "portal.identify"
OF_SELECT, OF_INSERT = 20, 5
"""At most so many times what the raw driver takes, at the 99th percentile."""
DRAWN = 2_000
"""So many forms of each case are typed before anything is timed."""
TODAY = date(2026, 11, 23)
KEYS = ob.Keyring((b"a secret for a benchmark, 32 bytes",))
UNLIMITED = LimiterPolicy(
    per_source=10**9, per_person=10**9, per_health_number=10**9, overall=10**9
)

Ways = dict[tuple[str, str], Callable[[], object]]
"""By way and case."""


@frozen
class Drawn:
    """The files that one case is asked about, in a random order."""

    case: Case
    numbers: list[int]
    forms: list[ob.IdentityForm]
    identities: list[Identity]

    @classmethod
    def of(cls, case: Case, files: int) -> "Drawn":
        random, rules = Random(case.name), clinic().entry_rules
        numbers = [random.randrange(files // 10) * 10 + case.digit for _ in range(DRAWN)]
        forms = [form(case, number) for number in numbers]
        identities: list[Identity] = []
        for each in forms:
            read = each.parse(rules, today=TODAY)
            assert isinstance(read, Identity), read
            identities.append(read)
        return cls(case, numbers, forms, identities)


def ways_of(
    drawn: Iterable[Drawn], raw: Raw, directory: SqlDirectory, portal: ob.Portal
) -> Iterator[tuple[tuple[str, str], Callable[[], object]]]:
    """Every way of being asked, on the files of every case."""
    policy, sources = clinic().policies.match, count()
    for each in drawn:
        yield (SELECT, each.case.name), _selecting(raw, each)
        yield (PURE, each.case.name), _recognising(directory, policy, each)
        yield (PORTAL, each.case.name), _identifying(portal, sources, each)
        yield (INSERT, each.case.name), _inserting(raw, each)


def _selecting(raw: Raw, drawn: Drawn) -> Callable[[], object]:
    numbers = cycle(drawn.numbers)
    return lambda: raw.select(next(numbers))


def _inserting(raw: Raw, drawn: Drawn) -> Callable[[], object]:
    numbers = cycle(drawn.numbers)
    return lambda: raw.select_and_insert(next(numbers))


def _recognising(
    directory: SqlDirectory, policy: MatchPolicy, drawn: Drawn
) -> Callable[[], object]:
    def recognise(identity: Identity) -> MatchCause:
        candidates = directory.candidates(IdentityKeys.of(identity))
        return identify(identity, candidates, policy).cause

    for each in drawn.identities[:200]:
        found = recognise(each)
        assert found is drawn.case.cause, f"{drawn.case.name}: {found}"
    identities = cycle(drawn.identities)
    return lambda: recognise(next(identities))


def _identifying(portal: ob.Portal, sources: Iterator[int], drawn: Drawn) -> Callable[[], object]:
    forms = cycle(drawn.forms)

    def ask() -> object:
        # A source of its own for each: it is not the limiter that answers.
        source = f"source-{next(sources)}"
        return portal.identify(next(forms), terms="2026-01", language="fr", source=source)

    answer = ask()
    assert isinstance(answer, ob.Welcome), answer
    return ask


def look_at_plans(file: Path) -> None:
    """No question reads all files, nor all of a clinic."""
    connection = sqlite3.connect(file)
    for name in ("CANDIDATES", "CANDIDATES_AND_SURVIVORS", "FILE", "FILE_AND_MERGED"):
        statement = compiled(getattr(directory_statements, name), "sqlite")
        values = dict.fromkeys((bind for bind, _ in statement.binds), "[]")
        for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {statement.sql}", values):
            slow = step.startswith(("SCAN patient", "BLOOM FILTER")) or step.endswith(
                "(clinic_id=?)"
            )
            assert not slow, f"{name}: {step}"
    connection.close()


# What is told ------------------------------------------------------------------------------------


def table(timings: dict[tuple[str, str], Timing]) -> str:
    lines = [f"  {'':28}{'':20}{'median':>10}{'p99':>10}{'calls':>10}"]
    for (way, case), timing in sorted(timings.items()):
        lines.append(
            f"  {way:28}{case:20}{duration(timing.median):>10}{duration(timing.p99):>10}"
            f"{len(timing.times):>10,}"
        )
    return "\n".join(lines)


def pooled(timings: dict[tuple[str, str], Timing]) -> dict[str, Timing]:
    """Each way over all cases."""
    found: dict[str, Timing] = {}
    for (way, _), timing in timings.items():
        found.setdefault(way, Timing()).times.extend(timing.times)
    return found


def verdicts(ways: dict[str, Timing]) -> Iterator[Verdict]:
    for ours, theirs, goal in ((PURE, SELECT, OF_SELECT), (PORTAL, INSERT, OF_INSERT)):
        mine, beside = ways[ours], ways[theirs]
        for which, of_ours, words, base in (
            ("p99", mine.p99, "p99", beside.p99),
            ("p99", mine.p99, "median", beside.median),
            # Where others use the machine too, this says the most.
            ("median", mine.median, "median", beside.median),
        ):
            name = f"{ours}, {which}: at most {goal} times the {words} of {theirs}"
            yield Verdict(name, f"{of_ours / base:.3g}", of_ours / base <= goal)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="20,000 files, short")
    parser.add_argument("--files", type=int, help="1,000,000 by default")
    parser.add_argument("--seconds", type=float, help="of each way in each case")
    parser.add_argument("--folder", type=Path, default=ROOT / "build/bench")
    given = parser.parse_args()
    given.files = given.files or (20_000 if given.quick else 1_000_000)
    given.seconds = given.seconds or (0.2 if given.quick else 1.0)
    return given


def measured(folder: Path, given: argparse.Namespace) -> dict[tuple[str, str], Timing]:
    url = f"sqlite:///{folder}/clinic.db"
    upgrade(url)
    fill(url, given.files)
    look_at_plans(folder / "clinic.db")
    drawn = [Drawn.of(case, given.files) for case in CASES]
    with ExitStack() as stack:
        engine = open_engine(url)
        stack.callback(engine.dispose)
        store = stack.enter_context(SqlStore(engine))
        directory = stack.enter_context(SqlDirectory(engine, CLINIC_ID))
        raw = Raw.open(url)
        stack.callback(raw.connection.close)
        limiter = MemoryLimiter(SystemClock(), UNLIMITED)
        portal = ob.Portal(clinic(), store=store, directory=directory, keys=KEYS, limiter=limiter)
        ways: Ways = dict(ways_of(drawn, raw, directory, portal))
        raw.learn()
        with frozen_garbage():
            return by_turns(ways, given.seconds)


def main() -> None:
    given = arguments()
    given.folder.mkdir(parents=True, exist_ok=True)
    about = machine(given.folder) | {"files": given.files}
    print(", ".join(f"{key} {value}" for key, value in about.items()), end="\n\n", flush=True)
    with tempfile.TemporaryDirectory(dir=given.folder) as own:
        timings = measured(Path(own), given)
    ways = pooled(timings)
    print(table(timings | {(way, "all cases"): timing for way, timing in ways.items()}), end="\n\n")
    goals = list(verdicts(ways))
    for goal in goals:
        print(f"{'met   ' if goal.met else 'MISSED'}  {goal.goal} ({goal.figure})")
    kept = given.folder / "identity.json"
    found = {
        "machine": about,
        "seconds": given.seconds,
        "figures": [
            {
                "way": way,
                "case": case,
                "calls": len(timing.times),
                "median_s": timing.median,
                "p99_s": timing.p99,
                "fastest_s": timing.fastest,
            }
            for (way, case), timing in timings.items()
        ],
        "goals": [{"goal": each.goal, "figure": each.figure, "met": each.met} for each in goals],
    }
    kept.write_text(json.dumps(found, indent=2) + "\n")
    print(f"\nEvery figure is in {kept}.")


if __name__ == "__main__":
    main()

"""The page on conformance lists every law, and every seeded fault with the law that catches it."""

import re
from pathlib import Path

from omnibook.testing import ASYNC_STORE_LAWS, DIRECTORY_LAWS, LIMITER_LAWS
from testing.faulty_stores import FAULTS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "conformance.md").read_text(encoding="utf-8")


def test_every_law_is_listed_with_its_promise() -> None:
    listed = re.findall(r"^\| `([a-z.-]+)` \| (.+) \|$", PAGE, re.MULTILINE)

    of_stores = [(law.name, law.promise) for law in ASYNC_STORE_LAWS]
    of_directories = [(law.name, law.promise) for law in DIRECTORY_LAWS]
    of_limiters = [(law.name, law.promise) for law in LIMITER_LAWS]
    assert listed == [*of_stores, *of_directories, *of_limiters]


def test_every_fault_is_listed_with_what_catches_it() -> None:
    """What catches it is proven in tests/testing/test_faults.py."""
    listed = re.findall(r"^\| ([^|`]+) \| ([^|]+) \| `([a-z.-]+)` \|$", PAGE, re.MULTILINE)

    assert listed == [(each.name, each.what.replace("``", "`"), each.caught_by) for each in FAULTS]
    assert len(listed) >= 20


def test_every_fault_is_caught_by_a_law_that_there_is() -> None:
    assert {fault.caught_by for fault in FAULTS} <= {law.name for law in ASYNC_STORE_LAWS}

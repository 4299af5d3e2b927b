"""Every dependency is explained, and pinned without naming where it comes from."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"[A-Za-z0-9._-]+")


def canonical(requirement: str) -> str:
    name = NAME.match(requirement)
    assert name is not None, requirement
    return re.sub(r"[-_.]+", "-", name.group()).lower()


def declared() -> list[str]:
    metadata: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    requirements = [*metadata["project"]["dependencies"]]
    for extra in metadata["project"]["optional-dependencies"].values():
        requirements += extra
    for group in metadata["dependency-groups"].values():
        requirements += [entry for entry in group if isinstance(entry, str)]
    return sorted({canonical(requirement) for requirement in requirements} - {"omnibook"})


@pytest.mark.parametrize("name", declared())
def test_a_dependency_has_a_line_that_says_why(name: str) -> None:
    page = (ROOT / "docs/explanation/dependencies.md").read_text(encoding="utf-8")
    explained = {
        canonical(row.split("|")[1].strip()) for row in page.splitlines() if row.startswith("| ")
    } - {"package"}

    assert name in explained - {"-"}


def pins() -> list[str]:
    return (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", declared())
def test_a_dependency_is_pinned(name: str) -> None:
    assert name in {canonical(line) for line in pins()}


def test_the_pins_name_no_place_to_fetch_from() -> None:
    pin = re.compile(r"[a-z0-9._-]+==[^\s;]+( ; .+)?")

    assert [line for line in pins() if not pin.fullmatch(line)] == []

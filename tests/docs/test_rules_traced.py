"""Every rule is on the rules page, carried by code that cites it, and guarded by a test that does.

A citation stands in a docstring or a comment: `R14`, or a run of rules such as `R31–R36`. The page,
`docs/reference/rules.md`, says of each rule how far it is built and which modules carry it.
"""

import io
import re
import tokenize
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
from attrs import frozen

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "omnibook"
PAGE = ROOT / "docs" / "reference" / "rules.md"
RULES = range(1, 53)

NOT_BUILT = frozenset[int]()
"""Rules of which nothing is built. A number may only leave this set: never add one.

A rule that is taken up moves to PARTLY_BUILT, or leaves both sets. Taking a built rule back would
mean that the software does less than it promised, which is a decision (docs/decisions), not an edit
of this line.
"""
PARTLY_BUILT = frozenset[int]()
"""Rules of which a part is missing. A number may only leave, or come from NOT_BUILT."""

BUILT = frozenset(RULES) - NOT_BUILT

_ENTRY = re.compile(
    r"^\(r(?P<anchor>\d+)\)=\n### R(?P<number>\d+)\. .+\n\n"
    r"\*\*(?P<status>Built|Partly built|Not built yet)\.\*\* "
    r"(?P<text>(?:.+\n|\n(?!\(r\d+\)=|## ))+)",
    re.MULTILINE,
)
_LAST_LINE = re.compile(
    r"^From: (?:(?:article|neighbours|decided here)(?:, )?)+\. Code: (?P<code>none|`.+`)\.$",
    re.MULTILINE,
)
_CITATION = re.compile(r"\bR(?P<first>[0-9]{1,2})(?:\s?[–-]\s?R(?P<last>[0-9]{1,2}))?\b")


@frozen(kw_only=True)
class Entry:
    anchor: int
    number: int
    status: str
    missing: bool
    """Whether it says what is missing."""
    modules: tuple[str, ...]


def read_page(text: str) -> list[Entry]:
    entries: list[Entry] = []
    for found in _ENTRY.finditer(text):
        last = _LAST_LINE.search(found["text"])
        assert last is not None, f"R{found['number']} does not end with From: … Code: …"
        entries.append(
            Entry(
                anchor=int(found["anchor"]),
                number=int(found["number"]),
                status=found["status"],
                missing="\nNot built yet: " in found["text"],
                modules=tuple(re.findall(r"`([^`]+)`", last["code"])),
            )
        )
    return entries


def cited_in(source: str) -> frozenset[int]:
    """The rules that the docstrings, texts and comments of a module cite."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    texts = [each.string for each in tokens if each.type in {tokenize.COMMENT, tokenize.STRING}]
    return frozenset(
        number
        for text in texts
        for found in _CITATION.finditer(text)
        for number in range(int(found["first"]), int(found["last"] or found["first"]) + 1)
    )


def citations(paths: Iterable[Path]) -> dict[Path, frozenset[int]]:
    return {path: cited_in(path.read_text(encoding="utf-8")) for path in paths}


@cache
def entries() -> dict[int, Entry]:
    return {entry.number: entry for entry in read_page(PAGE.read_text(encoding="utf-8"))}


@cache
def code() -> dict[Path, frozenset[int]]:
    return citations(PACKAGE.rglob("*.py"))


@cache
def guards() -> dict[Path, frozenset[int]]:
    """The test modules; those of the documentation guard pages, not rules."""
    here = Path(__file__).parent
    found = (ROOT / "tests").rglob("test_*.py")
    return citations(path for path in found if path.parent != here)


def test_every_rule_stands_on_the_page_once_and_in_order() -> None:
    text = PAGE.read_text(encoding="utf-8")

    assert [entry.number for entry in read_page(text)] == list(RULES)
    assert re.findall(r"^### R(\d+)\. ", text, re.MULTILINE) == [str(number) for number in RULES]


def test_a_rules_anchor_is_its_number() -> None:
    assert [entry.number for entry in entries().values() if entry.anchor != entry.number] == []


def test_what_is_not_built_yet_only_becomes_less() -> None:
    marked = {entry.number for entry in entries().values() if entry.status == "Not built yet"}

    assert marked == NOT_BUILT


def test_what_is_partly_built_only_becomes_less() -> None:
    marked = {entry.number for entry in entries().values() if entry.status == "Partly built"}

    assert marked == PARTLY_BUILT


def test_what_is_partly_built_says_what_is_missing() -> None:
    says = {entry.number for entry in entries().values() if entry.missing}

    assert says == PARTLY_BUILT


@pytest.mark.parametrize("number", sorted(BUILT), ids="R{}".format)
def test_a_rule_is_cited_by_the_modules_that_carry_it(number: int) -> None:
    paths = {name: PACKAGE / f"{name.replace('.', '/')}.py" for name in entries()[number].modules}

    assert paths, f"R{number} names no module"
    assert [name for name, path in paths.items() if not path.is_file()] == []
    assert [name for name, path in paths.items() if number not in code()[path]] == []


@pytest.mark.parametrize("number", sorted(BUILT), ids="R{}".format)
def test_a_rule_is_cited_by_a_test_that_guards_it(number: int) -> None:
    assert [path for path, cited in guards().items() if number in cited], f"no test cites R{number}"


def test_a_rule_that_is_not_built_is_carried_by_no_module() -> None:
    for number in NOT_BUILT:
        assert entries()[number].modules == ()
        assert [path.name for path, cited in code().items() if number in cited] == []


def test_no_citation_is_of_a_rule_that_does_not_exist() -> None:
    unknown = {
        path.name: sorted(cited - set(RULES))
        for path, cited in {**code(), **guards()}.items()
        if not cited <= set(RULES)
    }

    assert unknown == {}


def test_a_run_of_rules_cites_each_of_them() -> None:
    assert cited_in('"""Holds (R31–R33, R35)."""\n') == {31, 32, 33, 35}
    assert cited_in("x = 1  # R7-R8\n") == {7, 8}


def test_a_name_in_code_is_no_citation() -> None:
    assert cited_in("R14 = 1\n") == frozenset()
    assert cited_in("x = 1  # AR14, R140\n") == frozenset()


def test_an_entry_is_read_with_its_status_and_modules() -> None:
    page = (
        "(r7)=\n### R7. Title\n\n**Partly built.** Some text\non two lines.\n\n"
        "Not built yet: the rest.\n\n"
        "From: article, decided here. Code: `identity`, `a.b`.\n\n## B\n"
    )

    assert read_page(page) == [
        Entry(
            anchor=7,
            number=7,
            status="Partly built",
            missing=True,
            modules=("identity", "a.b"),
        )
    ]

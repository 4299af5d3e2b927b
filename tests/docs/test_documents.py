"""Every Python block of the documentation runs, in order, one namespace for each document.

A document runs in a folder of its own that holds a copy of the examples' data files, so that it
may read `clinic.toml` and leave a database behind. What a reader need not see stands in a comment:

    <!--- invisible-code-block: python
    ...
    -->
"""

import shutil
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.myst import PythonCodeBlockParser

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ROOT / "docs" / "reference" / "api"
WITHOUT_CODE = {"index.md", "run-the-checks.md"}
"""Lists of pages, and one about commands of the shell."""
BEGINNINGS = ("```python", "<!--- invisible-code-block: python")
DATA_FILES = ("*.toml", "*.json")


def documents() -> list[Path]:
    pages = (path for path in (ROOT / "docs").rglob("*.md") if GENERATED not in path.parents)
    return sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *pages])


def shows_code(document: Path) -> bool:
    """Whether readers are to see code there: the front page, the tutorial, how to do things."""
    folder = document.parent.name
    here = document == ROOT / "README.md" or folder in {"tutorial", "how-to"}
    return here and document.name not in WITHOUT_CODE


def written(document: Path) -> int:
    """How many blocks a document has, counted without the parser that runs them."""
    lines = document.read_text(encoding="utf-8").splitlines()
    return sum(line.strip().startswith(BEGINNINGS) for line in lines)


def run(document: Path) -> int:
    """Run the examples of a document; return how many there were."""
    count = 0
    sybil = Sybil(parsers=[PythonCodeBlockParser()], path=str(document.parent))
    for example in sybil.parse(document).examples():
        example.evaluate()
        count += 1
    return count


@pytest.mark.parametrize(
    "document", [pytest.param(p, id=str(p.relative_to(ROOT))) for p in documents()]
)
def test_the_code_in_a_document_runs(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pattern in DATA_FILES:
        for data_file in (ROOT / "examples").glob(pattern):
            shutil.copy(data_file, tmp_path)
    monkeypatch.chdir(tmp_path)

    count = run(document)

    # A block that is written as at a prompt counts once for each prompt.
    assert count >= written(document)
    assert count > 0 or not shows_code(document)


def test_the_pages_that_have_to_show_code_are_there() -> None:
    """So that the law above is about something."""
    found = [path for path in documents() if shows_code(path)]

    assert ROOT / "README.md" in found
    assert {"tutorial", "how-to"} <= {path.parent.name for path in found}


def test_blocks_share_the_namespace_of_their_document(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(
        "# Page\n\n```python\nx = 1\n```\n\nText.\n\n"
        "<!--- invisible-code-block: python\ny = x + 1\n-->\n\n```python\nassert y == 2\n```\n",
        encoding="utf-8",
    )

    assert run(document) == 3


def test_a_block_that_fails_fails_its_document(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text("```python\nassert 1 == 2\n```\n", encoding="utf-8")

    with pytest.raises(AssertionError):
        run(document)


def test_names_of_one_document_are_unknown_in_the_next(tmp_path: Path) -> None:
    first, second = tmp_path / "first.md", tmp_path / "second.md"
    first.write_text("```python\nx = 1\n```\n", encoding="utf-8")
    second.write_text("```python\nx\n```\n", encoding="utf-8")
    run(first)

    with pytest.raises(NameError):
        run(second)

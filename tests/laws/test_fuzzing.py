"""The targets of `make fuzz`, fed from Hypothesis and from the corpus: nothing raises (R11)."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz import run
from fuzz.targets import TARGETS, text_of

CORPUS = sorted(run.CORPUS.glob("*/*"))
SEEDS = {
    name: [text_of(path.read_bytes()) for path in CORPUS if path.parent.name == name]
    for name in TARGETS
}

any_text = st.one_of(st.text(st.characters(exclude_categories=())), st.binary().map(text_of))


@st.composite
def mutations(draw: st.DrawFn, name: str) -> str:
    """A seed of the target's corpus, with some of it replaced by anything."""
    seed = draw(st.sampled_from(SEEDS[name]))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(seed)))
        end = draw(st.integers(start, min(len(seed), start + 5)))
        put = draw(st.one_of(any_text, st.sampled_from(list("0123456789@.+-/'’ \n")), st.just("")))
        seed = seed[:start] + put[:10] + seed[end:]
    return seed


@pytest.mark.parametrize("name", TARGETS)
@given(st.data())
def test_no_text_breaks_a_reader(name: str, data: st.DataObject) -> None:
    """R11."""
    TARGETS[name](data.draw(st.one_of(any_text, mutations(name))))


@pytest.mark.parametrize("path", [pytest.param(p, id=f"{p.parent.name}-{p.stem}") for p in CORPUS])
def test_nothing_of_the_corpus_breaks_its_reader(path: Path) -> None:
    """R11."""
    TARGETS[path.parent.name](text_of(path.read_bytes()))


def test_every_target_has_a_corpus() -> None:
    assert {path.parent.name for path in CORPUS} == set(TARGETS)


def test_what_needs_atheris_says_so_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "find_spec", lambda name: None)

    assert run.main([]) == 2
    said = capsys.readouterr().err
    assert "atheris" in said
    assert "Linux" in said


def test_a_target_that_is_unknown_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "find_spec", lambda name: importlib.util.find_spec("json"))

    with pytest.raises(SystemExit):
        run.main(["fax"])
    assert "no target fax" in capsys.readouterr().err


def test_an_input_that_was_found_can_be_run_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = tmp_path / "name" / "crash-1"
    found.parent.mkdir()
    found.write_text("Marie", encoding="utf-8")

    assert run.main(["--again", str(found)]) == 0
    assert capsys.readouterr().out == "Nothing broke.\n"

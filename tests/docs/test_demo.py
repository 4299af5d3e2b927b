"""``make demo`` tells its story, in both languages, and leaves what it says it leaves."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def run_demo(folder: Path, language: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own example
        [sys.executable, EXAMPLES / "demo.py", "--language", language, "--folder", folder],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={"PYTHONIOENCODING": "utf-8", "PYTHONWARNINGS": "error"},
    )


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("fr", "Numéro de référence"),
        ("en", "Reference number"),
    ],
)
def test_the_demo_ends_as_told(tmp_path: Path, language: str, told: str) -> None:
    """R14, R31, R33, R37, R41, R43, R46: each scene checks itself; run again, it starts afresh."""
    for _ in range(2):
        done = run_demo(tmp_path / "demo", language)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        assert told in done.stdout

    assert (tmp_path / "demo" / "clinic.db").is_file()
    messages = {path.name for path in (tmp_path / "demo" / "messages").iterdir()}
    assert any("reminder-phone" in name for name in messages)
    assert any("booking-email" in name for name in messages)


def test_the_demo_leaves_a_folder_with_something_else_alone(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")

    done = run_demo(tmp_path, "en")

    assert done.returncode != 0
    assert "something else" in done.stderr
    assert (tmp_path / "precious.txt").read_text() == "mine"

"""The omnibook command."""

import json
import subprocess
import sys
import zoneinfo
from datetime import UTC, datetime
from importlib.metadata import version
from io import StringIO
from pathlib import Path

import pytest

from omnibook import cli
from omnibook.adapters.clocks import ManualClock

EXAMPLES = Path(__file__).parents[2] / "examples"
CLINIC = str(EXAMPLES / "clinic.toml")
PATIENTS = str(EXAMPLES / "patients.json")
TODAY = "--today=2026-11-23"


@pytest.fixture
def zone_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of time zones that comes before all others; it holds the clinics' zone only."""
    folder = tmp_path / "zoneinfo"
    (folder / "America").mkdir(parents=True)
    (folder / "America" / "Toronto").touch()
    monkeypatch.setattr(zoneinfo, "TZPATH", (str(folder),))
    return folder


@pytest.fixture
def package_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoneinfo, "TZPATH", ())


@pytest.mark.usefixtures("package_zones")
def test_the_examples_are_all_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check-config", CLINIC, "--patients", PATIENTS, TODAY]) == 0
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == f"{CLINIC}: 6 services, 5 schedules, 0 mistakes, 0 warnings"
    assert second.startswith(("  time zones: 2026", "  time zones: 20"))
    assert second.endswith("from the package tzdata")
    assert third == f"{PATIENTS}: 30 patient files, 0 mistakes, 0 warnings"


def test_stale_time_zones_are_a_warning(
    zone_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (zone_folder / "tzdata.zi").write_text("# version 2025b\n", "ascii")
    assert cli.main(["check-config", CLINIC, TODAY]) == 0
    out = capsys.readouterr().out
    assert "0 mistakes, 1 warning\n" in out
    assert f"  warning: zone: the time zones in {zone_folder} are of 2025b, older than 2026f" in out


@pytest.mark.parametrize("content", [None, "", "# no version", "é"])
def test_time_zones_of_an_unknown_version_are_only_named(
    content: str | None, zone_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (zone_folder / "tzdata.zi").write_text(content, "utf-8")
    assert cli.main(["check-config", CLINIC, TODAY]) == 0
    out = capsys.readouterr().out
    assert "0 warnings" in out
    assert f"  time zones: unknown version, from {zone_folder}" in out


@pytest.mark.usefixtures("package_zones")
def test_without_a_date_it_is_checked_as_of_today(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        cli, "SystemClock", lambda: ManualClock(datetime(2026, 11, 23, 12, 30, tzinfo=UTC))
    )
    assert cli.main(["check-config", CLINIC]) == 0
    assert "0 warnings" in capsys.readouterr().out


@pytest.mark.usefixtures("package_zones")
def test_warnings_are_printed_and_the_file_can_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "clinic.toml"
    text = (EXAMPLES / "closed-clinic.toml").read_text("utf-8")
    file.write_text(text.replace('days = ["mon", "wed", "fri"]', "date = 2020-01-01"), "utf-8")
    assert cli.main(["check-config", str(file), TODAY]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{file}: 2 services, 1 schedule, 0 mistakes, 2 warnings\n")
    assert "  warning: services[0] (consultation): no online opening up to 2027-01-23" in out


def test_mistakes_of_both_files_are_printed_all_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clinic, patients = tmp_path / "clinic.toml", tmp_path / "patients.json"
    clinic.write_text("nam = 1\n", "utf-8")
    patients.write_text("{}", "utf-8")
    assert cli.main(["check-config", str(clinic), "--patients", str(patients)]) == 1
    out = capsys.readouterr().out
    assert f"{clinic}: 8 mistakes, 0 warnings\n" in out
    assert "  the file: unknown key 'nam'; did you mean 'name'?\n" in out
    assert f"{patients}: 1 mistake, 0 warnings\n" in out
    assert "  patients: missing" in out


@pytest.mark.usefixtures("package_zones")
def test_a_family_doctor_whom_the_clinic_does_not_have_is_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    patients = tmp_path / "patients.json"
    doctors = [{"id": "a", "family_doctor": "gagnon"}, {"id": "b", "family_doctor": "who"}]
    patients.write_text(json.dumps({"patients": [*doctors, {"id": "c"}]}), "utf-8")
    assert cli.main(["check-config", CLINIC, "--patients", str(patients), TODAY]) == 0
    out = capsys.readouterr().out
    assert f"{patients}: 3 patient files, 0 mistakes, 4 warnings\n" in out
    assert "eligibility: none of these patient files meets its criteria" in out
    assert "  warning: patients[1].family_doctor: is the practitioner of no schedule" in out


def test_patient_files_are_checked_even_beside_a_broken_clinic(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check-config", str(tmp_path), "--patients", PATIENTS]) == 1
    out = capsys.readouterr().out
    assert "Is a directory" in out
    assert "30 patient files, 0 mistakes, 0 warnings" in out


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x00", b"= = =", b"", b"id = 5"])
def test_a_bad_file_is_a_mistake_and_no_traceback(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "clinic.toml"
    file.write_bytes(content)
    assert cli.main(["check-config", str(file), "--patients", str(file)]) == 1
    captured = capsys.readouterr()
    assert f"{file}: " in captured.out
    assert captured.err == ""


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["check-confg"],
        ["check-config"],
        ["check-config", CLINIC, "--today", "tomorrow"],
        ["check-config", CLINIC, "--today", "2026-02-30"],
        ["check-config", CLINIC, "--today", "9999-12-31"],
    ],
)
def test_a_misspelt_command_ends_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert "usage: omnibook" in capsys.readouterr().err


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"omnibook {version('omnibook')}\n"


def test_a_stream_that_is_no_text_file_is_printed_to_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", StringIO())
    assert cli.main(["check-config", "no such file"]) == 1


def test_a_terminal_without_accents_and_a_file_name_that_is_no_text_are_no_traceback(
    tmp_path: Path,
) -> None:
    program = "import sys; from omnibook.cli import main; sys.exit(main())"
    run = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", program, "check-config", b"caf\xe9 \xc3\xa9.toml"],
        env={"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        cwd=tmp_path,
        check=False,
    )
    assert run.returncode == 1
    assert b"1 mistake" in run.stdout
    assert run.stderr == b""


def test_a_database_is_brought_to_this_versions_schema(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The remedy that a refused database names."""
    url = f"sqlite:///{tmp_path / 'clinic.db'}"

    assert cli.main(["db", "upgrade", url]) == 0
    assert cli.main(["db", "upgrade", url]) == 0
    assert "this version's schema" in capsys.readouterr().out
    assert (tmp_path / "clinic.db").is_file()


@pytest.mark.parametrize("url", ["nonsense", "sqlite://", "sqlite:////nowhere/at/all/clinic.db"])
def test_a_database_that_cannot_be_upgraded_is_told_without_a_traceback(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["db", "upgrade", url]) == 1
    told = capsys.readouterr().err
    assert told.strip()
    assert "Traceback" not in told


def test_a_database_needs_its_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "omnibook.adapters.sql", None)

    assert cli.main(["db", "upgrade", "sqlite:///clinic.db"]) == 1
    assert "omnibook[sql]" in capsys.readouterr().err

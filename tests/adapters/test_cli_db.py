"""``omnibook db``: check, purge, export, erase (R40, R50, R51)."""

import base64
import json
import sqlite3
import stat
import sys
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import omnibook as ob
from omnibook import cli
from omnibook.adapters.clocks import SystemClock
from omnibook.adapters.files import clinic_from_toml, load_patients
from omnibook.adapters.sql import SqlDirectory, SqlStore, upgrade
from omnibook.adapters.sql.check import check_database
from omnibook.ports import AuditTrail
from omnibook.times import local_date
from support.archives import EVER

EXAMPLES = Path(__file__).parents[2] / "examples"
CLINIC = str(EXAMPLES / "clinic.toml")
SECRET = base64.b64encode(b"a secret for tests, of 32 bytes..").decode()


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIBOOK_KEYS", SECRET)
    monkeypatch.delenv("OMNIBOOK_DATABASE_URL", raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database in which Marie has booked, and a stranger."""
    clinic = clinic_from_toml(CLINIC)
    path = tmp_path / "clinic.db"
    with (
        SqlStore(f"sqlite:///{path}") as store,
        SqlDirectory(f"sqlite:///{path}", clinic.clinic_id) as directory,
    ):
        for patient in load_patients(EXAMPLES / "patients.json"):
            directory.put(patient)
        keys = ob.Keyring.from_env()
        portal = ob.Portal(clinic, store=store, directory=directory, keys=keys)
        for first_name, phone in (("Marie", "514 555-0123"), ("Nobody", "514 555-0199")):
            form = ob.IdentityForm(
                first_name=first_name,
                last_name="Tremblay",
                birth_date="2004-12-19",
                gender="female",
                cell_phone=phone,
            )
            welcome = portal.identify(form, terms="2026-01", language="fr", source="203.0.113.7")
            assert isinstance(welcome, ob.Welcome)
            service = welcome.services[-1].service_id
            # Not the next time: it could begin before it is booked.
            later = local_date(SystemClock().now(), clinic.zone) + timedelta(days=2)
            page = portal.find(welcome.visit, service, ob.Preference(first_date=str(later)))
            assert isinstance(page, ob.Page)
            held = portal.review(welcome.visit, page.slots[0], ob.BookingForm("SECRET reason"))
            assert isinstance(held, ob.Held)
            assert isinstance(portal.book(welcome.visit, held.hold_id), ob.Booked)
    return path


def run(*arguments: str) -> int:
    return cli.main(["db", *arguments])


def rows(file: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(statement).fetchall()


def tamper(file: Path, *statements: str) -> None:
    """As somebody would who writes past the package."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def url(file: Path) -> str:
    return f"sqlite:///{file}"


def identifiers(file: Path) -> dict[bool, tuple[str, str]]:
    """Appointment and patient: of the one with a file (true), and of the stranger."""
    found = rows(file, "SELECT appointment_id, patient_id FROM appointments")
    return {patient is not None: (appointment, str(patient)) for appointment, patient in found}


# Where the database is ---------------------------------------------------------------------------


def test_the_url_is_an_argument_an_option_or_in_the_environment(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("check", url(file)) == 0
    assert run("check", "--url", url(file)) == 0
    monkeypatch.setenv("OMNIBOOK_DATABASE_URL", url(file))
    assert run("check") == 0
    monkeypatch.delenv("OMNIBOOK_DATABASE_URL")
    assert run("check") == 2
    assert "OMNIBOOK_DATABASE_URL" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "postgresql://clinic:hunter2@127.0.0.1:1/clinic"],
        ["check", "nonsense://clinic:hunter2@host/clinic"],
        ["check", "postgresql://127.0.0.1:1/clinic?user=clinic&password=hunter2"],
        ["check", "a", "postgresql://clinic:hunter2@host/clinic"],
        ["chekc", "postgresql://clinic:hunter2@host/clinic"],
    ],
)
def test_no_password_is_repeated(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """R50."""
    with suppress(SystemExit):
        assert run(*arguments) != 0
    told = capsys.readouterr()
    assert told.err
    assert "hunter2" not in told.err + told.out
    assert "Traceback" not in told.err


@pytest.mark.parametrize("action", ["check", "purge", "export", "erase"])
def test_a_database_that_is_not_there_is_not_made(
    action: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    custody = {
        "check": [],
        "purge": ["--clinic", CLINIC],
        "export": ["--clinic", CLINIC, "--staff", "s-1", "--patient", "p"],
        "erase": ["--clinic", CLINIC, "--staff", "s-1", "--patient", "p", "--yes"],
    }
    empty = tmp_path / "empty.db"
    empty.touch()

    for path in (tmp_path / "missing.db", empty):
        assert run(action, url(path), *custody[action]) == 1
        assert "omnibook db upgrade" in capsys.readouterr().err
    assert not (tmp_path / "missing.db").exists()
    assert empty.stat().st_size == 0


def test_the_commands_need_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "omnibook.adapters.sql", None)

    assert run("check", "sqlite:///clinic.db") == 1
    assert "omnibook[sql]" in capsys.readouterr().err


# Check -------------------------------------------------------------------------------------------


def test_a_sound_database_has_no_fault(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R40."""
    assert run("check", url(file)) == 0
    told = capsys.readouterr().out.splitlines()
    assert "appointments: 2" in told
    assert told[-1] == "no fault was found"


def test_a_sound_database_of_any_engine_has_no_fault(database_url: str) -> None:
    """R40."""
    upgrade(database_url)

    report = check_database(database_url)

    assert report.faults == ()
    assert report.counts["claims"] == 0


DROP_GUARDS = (
    "DROP TRIGGER claims_never_overlap_on_insert",
    "DROP TRIGGER claims_never_overlap_on_update",
)
ANOTHER = """
    INSERT INTO claims
    SELECT clinic_id, 'x-' || owner_id, schedule_id,
        strftime('%Y-%m-%dT%H:%M:%f000Z', starts_at, '+1 minute'), ends_at, kind, expires_at
    FROM claims
"""
"""A minute after each claim, one that overlaps it."""


@pytest.mark.parametrize(
    ("damage", "codes"),
    [
        (DROP_GUARDS[:1], {"constraint.missing"}),
        (("DROP INDEX appointments_of_days_ix",), {"index.missing"}),
        (
            ("DELETE FROM claims",),
            {"appointment.without-claim", "reference.broken", "booked-day.differs"},
        ),
        (
            ("UPDATE appointments SET status = 'noshow', occupied_until = NULL",),
            {"claim.without-owner"},
        ),
        (
            (
                *DROP_GUARDS,
                ANOTHER,
            ),
            {"constraint.missing", "claims.overlap", "claim.without-owner"},
        ),
        (
            ("UPDATE holds SET state = 'held', expires_at = '2999-01-01T00:00:00.000000Z'",),
            {"hold.without-claim"},
        ),
        (("DROP TABLE flags",), {"table.missing"}),
        (("DELETE FROM booked_days",), {"booked-day.differs"}),
        (("UPDATE booked_days SET minutes = x'01'",), {"booked-day.differs"}),
        (
            ("INSERT INTO booked_days SELECT clinic_id, 'x', max(day), minutes FROM booked_days",),
            {"booked-day.differs", "schedule.without-version"},
        ),
        (("DELETE FROM schedule_versions",), {"schedule.without-version"}),
        (("DELETE FROM patient_number_keys",), {"file.keys-differ"}),
        (("UPDATE patient_contact_keys SET birth_date = '2001-01-01'",), {"file.keys-differ"}),
        (
            ('UPDATE patients SET names = \'[{"given": 1, "family": "SECRET"}]\'',),
            {"file.keys-differ"},
        ),
    ],
    ids=[
        "guard",
        "index",
        "claims",
        "owners",
        "overlap",
        "holds",
        "table",
        "days",
        "minutes",
        "schedule",
        "versions",
        "numbers",
        "contacts",
        "file",
    ],
)
def test_a_damaged_database_is_told_fault_by_fault(
    file: Path,
    damage: tuple[str, ...],
    codes: set[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """R40: by codes and identifiers."""
    tamper(file, *damage)

    assert run("check", url(file)) == 1
    told = capsys.readouterr().out
    faults = [line.split()[1].rstrip(":") for line in told.splitlines() if line[:6] == "fault:"]
    assert set(faults) == codes
    assert "SECRET" not in told


def test_which_files_differ_from_their_keys_is_not_told(file: Path) -> None:
    """R50: an identifier of a file is personal; how many they are is enough to put them again."""
    [(clinic_id, files)] = rows(file, "SELECT clinic_id, count(*) FROM patients GROUP BY clinic_id")
    tamper(
        file,
        "DELETE FROM patient_contact_keys WHERE patient_id = 'p-001'",
        "UPDATE patients SET facts = '{\"last_visit\": \"SECRET\"}' WHERE patient_id = 'p-002'",
        "UPDATE patients SET facts = '{\"tags\": 7}' WHERE patient_id = 'p-003'",
        "UPDATE patients SET facts = '[]' WHERE patient_id = 'p-004'",
        "UPDATE patients SET facts = '{\"prior_visits\": {}}' WHERE patient_id = 'p-005'",
    )

    faults = [str(fault) for fault in check_database(url(file)).faults]

    told = f"5 of {files} files; put each again with SqlDirectory.put"
    assert faults == [f"file.keys-differ: clinic {clinic_id}: {told}"]


def test_many_faults_of_a_kind_are_counted_rather_than_told(file: Path) -> None:
    tamper(
        file,
        *DROP_GUARDS,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 30) "
        "INSERT INTO claims SELECT 'c', 'owner-' || i, 's-' || i, '2026-01-01T00:00:00.000000Z', "
        "'2026-01-01T01:00:00.000000Z', 'appointment', NULL FROM n",
    )

    report = check_database(url(file))

    nobodys = [fault for fault in report.faults if fault.code == "claim.without-owner"]
    assert len(nobodys) == 21
    assert nobodys[-1].about == ("and 10 more",)
    assert str(nobodys[0]) == "claim.without-owner: clinic c: owner-1"


def test_a_page_that_is_overwritten_is_found(file: Path) -> None:
    page = rows(file, "PRAGMA page_size")[0][0]
    index = "appointments_clinic_id_starts_at_ix"
    ((number,),) = rows(file, f"SELECT rootpage FROM sqlite_master WHERE name = '{index}'")  # noqa: S608
    with file.open("r+b") as damaged:
        damaged.seek((number - 1) * page + page // 2)
        damaged.write(b"\xff" * (page // 2))

    report = check_database(url(file))

    assert {fault.code for fault in report.faults} == {"file.damaged"}


# Purge, export, erase ----------------------------------------------------------------------------


def trail(file: Path) -> list[tuple[str, str, str | None]]:
    clinic = clinic_from_toml(CLINIC)
    with SqlStore(url(file)) as store:
        _, found = store.read(AuditTrail(clinic_id=clinic.clinic_id, span=EVER))
    return [(each.action, each.code, each.actor.staff_id) for each in found]


def test_a_purge_tells_how_much_is_gone(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R51: nothing yet; and the visits, when they have long ended."""
    assert run("purge", url(file), "--clinic", CLINIC) == 0
    assert "0 visits, 0 holds" in capsys.readouterr().out
    tamper(file, "UPDATE visits SET started_at = '2020-01-01T00:00:00.000000Z'")
    tamper(file, "UPDATE visits SET active_at = started_at")

    assert run("purge", url(file), "--clinic", CLINIC, "--staff", "s-1") == 0

    assert "custodian.purged: 2 visits, 2 holds" in capsys.readouterr().out
    assert ("purge", "custodian.purged", "s-1") in trail(file)


def test_an_export_is_written_to_a_file_of_ones_own(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R51, R50."""
    _, patient = identifiers(file)[True]
    output = tmp_path / "export.json"
    who = ["--clinic", CLINIC, "--staff", "s-1", "--patient", patient]

    assert run("export", url(file), *who, "--output", str(output)) == 0

    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    document = json.loads(output.read_text("utf-8"))
    assert document["appointments"][0]["entries"]["reason"] == "SECRET reason"
    told = capsys.readouterr()
    assert told.out == ""
    assert "SECRET" not in told.err
    assert run("export", url(file), *who, "--output", str(output)) == 1
    assert run("export", url(file), *who, "--output", str(tmp_path / "no" / "such")) == 1
    assert ("export", "custodian.exported", "s-1") in trail(file)


def test_an_export_is_printed_otherwise(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R51: of a person without a file by the appointment."""
    appointment, _ = identifiers(file)[False]

    assert (
        run("export", url(file), "--clinic", CLINIC, "--staff", "s-1", "--appointment", appointment)
        == 0
    )

    document = json.loads(capsys.readouterr().out)
    assert document["appointments"][0]["provisional"]["first_name"] == "Nobody"


def test_nobody_is_exported_or_erased_by_an_unknown_name(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    who = ["--clinic", CLINIC, "--staff", "s-1", "--patient", "unknown"]

    assert run("export", url(file), *who) == 1
    assert run("erase", url(file), *who, "--yes") == 1
    assert capsys.readouterr().err.count("desk.not-found") == 2


MARIE_DID_NOT_COME = (
    """
    DELETE FROM booked_days WHERE schedule_id IN (
        SELECT schedule_id FROM appointments WHERE patient_id IS NOT NULL
    )
    """,
    """
    DELETE FROM claims WHERE owner_id IN (
        SELECT appointment_id FROM appointments WHERE patient_id IS NOT NULL
    )
    """,
    """
    UPDATE appointments SET status = 'noshow', occupied_until = NULL WHERE patient_id IS NOT NULL
    """,
)


def test_an_erasure_is_meant_and_waits_until_the_appointment_is_over(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R51."""
    _, patient = identifiers(file)[True]
    who = ["--clinic", CLINIC, "--staff", "s-1", "--patient", patient]

    assert run("erase", url(file), *who) == 2
    assert "--yes" in capsys.readouterr().err
    assert run("erase", url(file), *who, "--yes") == 1
    assert "custodian.still-needed" in capsys.readouterr().err
    tamper(file, *MARIE_DID_NOT_COME)
    assert run("erase", url(file), *who, "--yes") == 0

    assert "custodian.erased: 1 visits, 1 holds, 1 appointments" in capsys.readouterr().out
    assert run("check", url(file)) == 0
    assert identifiers(file).keys() == {False}


@pytest.mark.parametrize(
    "arguments",
    [
        ["export", "--clinic", CLINIC, "--staff", "s-1"],
        ["export", "--clinic", CLINIC, "--patient", "p"],
        ["export", "--staff", "s-1", "--patient", "p"],
        ["erase", "--clinic", CLINIC, "--staff", "s-1", "--patient", "p", "--appointment", "a"],
    ],
    ids=["nobody", "no staff", "no clinic", "two"],
)
def test_who_asks_about_whom_has_to_be_said(arguments: list[str]) -> None:
    """R50."""
    with pytest.raises(SystemExit) as ended:
        run(*arguments)
    assert ended.value.code == 2


def test_without_keys_or_a_clinic_nothing_is_done(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("purge", url(file), "--clinic", "no such file") == 1
    monkeypatch.delenv("OMNIBOOK_KEYS")
    assert run("purge", url(file), "--clinic", CLINIC) == 1
    assert "OMNIBOOK_KEYS" in capsys.readouterr().err

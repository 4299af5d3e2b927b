"""``omnibook dispatch`` and ``omnibook check-deployment`` (R23, R39, R46, R50)."""

import base64
import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import define, field

import omnibook as ob
from omnibook import cli, cli_dispatch
from omnibook.adapters.clocks import SystemClock
from omnibook.adapters.files import clinic_from_toml, load_patients
from omnibook.adapters.sql import SqlStore
from omnibook.cli_dispatch import Stop, keep_delivering
from omnibook.delivery import Delivered
from omnibook.deployment_file import Pauses
from omnibook.errors import StoreError
from omnibook.times import local_date

EXAMPLES = Path(__file__).parents[2] / "examples"
SECRET = base64.b64encode(b"a secret for tests, of 32 bytes..").decode()
PAUSES = Pauses(idle=timedelta(seconds=15), longest=timedelta(minutes=2))


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIBOOK_KEYS", SECRET)
    monkeypatch.delenv("OMNIBOOK_DATABASE_URL", raising=False)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """What the command does to its process is undone."""
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    loggers = [logging.getLogger(name) for name in ("", "httpx", "httpcore")]
    levels = [logger.level for logger in loggers]
    added = list(logging.getLogger().handlers)
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
    logging.getLogger().handlers[:] = added


def write(folder: Path, more: str = '[files]\nfolder = "sent"\n', database: str = "c.db") -> str:
    file = folder / "deployment.toml"
    file.write_text(
        f'clinic = "{EXAMPLES / "clinic.toml"}"\n'
        f'patients = "{EXAMPLES / "patients.json"}"\n'
        f'database = "sqlite:///{database}"\n'
        f'[sender]\naddress = "booking@clinic.example.org"\n{more}',
        encoding="utf-8",
    )
    return str(file)


def book(folder: Path, count: int = 1) -> None:
    """Strangers book, one after the other, by phone."""
    clinic = clinic_from_toml(EXAMPLES / "clinic.toml")
    directory = ob.MemoryDirectory(load_patients(EXAMPLES / "patients.json"))
    with SqlStore(f"sqlite:///{folder / 'c.db'}") as store:
        keys = ob.Keyring.from_env()
        portal = ob.Portal(clinic, store=store, directory=directory, keys=keys)
        for number in range(count):
            form = ob.IdentityForm(
                first_name="Somebody",
                last_name="Unknown",
                birth_date="1990-05-17",
                gender="other",
                email=f"somebody{number}@example.org",
            )
            source = f"203.0.113.{number}"
            welcome = portal.identify(form, terms="2026-01", language="en", source=source)
            assert isinstance(welcome, ob.Welcome)
            service = welcome.services[-1].service_id
            # Not the next time: it would begin while the test runs, once in a while.
            later = local_date(SystemClock().now(), clinic.zone) + timedelta(days=2)
            page = portal.find(welcome.visit, service, ob.Preference(first_date=str(later)))
            assert isinstance(page, ob.Page)
            held = portal.review(welcome.visit, page.slots[0], ob.BookingForm("why"))
            assert isinstance(held, ob.Held)
            assert isinstance(portal.book(welcome.visit, held.hold_id), ob.Booked)


# The loop ----------------------------------------------------------------------------------------


@define
class Sign:
    """Is set after so many waits, which it notes and does not wait for."""

    last: int
    waits: list[float] = field(factory=list)

    def is_set(self) -> bool:
        return len(self.waits) >= self.last

    def wait(self, timeout: float) -> None:
        self.waits.append(timeout)


def passes(*results: Delivered | Exception) -> Callable[[Callable[[], bool]], Delivered]:
    left = list(results)

    def run_once(stop: Callable[[], bool]) -> Delivered:
        assert not stop()
        found = left.pop(0) if left else Delivered()
        if isinstance(found, Exception):
            raise found
        return found

    return run_once


def test_it_goes_on_at_once_while_there_is_more_and_waits_otherwise(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """R46, R50: what it did is told in counts; of nothing, nothing is told."""
    sign = Sign(2)
    done = Delivered(sent=90, set_aside=1, waiting=9, more=True)
    with caplog.at_level(logging.INFO):
        keep_delivering(passes(done, done, Delivered(told=2)), sign, PAUSES)

    assert sign.waits == [15, 15]
    assert [each.message for each in caplog.records] == [
        "sent 90, set aside 1, waiting 9",
        "sent 90, set aside 1, waiting 9",
        "told 2",
    ]


def test_it_outlives_a_database_that_is_away_and_says_so_once_each_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """R39: it asks ever more seldom, and as before once it is back."""
    sign = Sign(8)
    away = [StoreError("postgresql://clinic:hunter2@db is away")] * 6
    with caplog.at_level(logging.INFO):
        keep_delivering(passes(*away, Delivered(sent=1), StoreError("x")), sign, PAUSES)

    assert sign.waits == [15, 30, 60, 120, 120, 120, 15, 15]
    told = [each.message for each in caplog.records]
    assert told[0] == "the database fails: … is away (StoreError); asked again in 15 s"
    assert told[5:8] == [
        "the database fails: … is away (StoreError); asked again in 120 s",
        "the database answers again",
        "sent 1",
    ]
    assert "hunter2" not in caplog.text


def test_anything_else_that_is_raised_ends_it() -> None:
    """A fault of ours: whoever watches the process begins it anew."""
    with pytest.raises(ValueError, match="ours"):
        keep_delivering(passes(ValueError("ours")), Sign(9), PAUSES)


def test_a_stop_sign_wakes_who_waits_for_it() -> None:
    """R46."""
    stop = Stop()
    stop.wait(0.001)
    assert not stop.is_set()
    waiting = threading.Thread(target=stop.wait, args=(60,))
    waiting.start()
    stop.set()
    waiting.join(10)

    assert not waiting.is_alive()
    assert stop.is_set()
    stop.wait(60)


# The commands ------------------------------------------------------------------------------------


def test_once_delivers_what_is_due(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """R42, R46, R50: what is logged names nobody."""
    book(tmp_path, 3)
    file = write(tmp_path)

    with caplog.at_level(logging.INFO):
        assert cli.main(["dispatch", file, "--once"]) == 0
        found = list((tmp_path / "sent").iterdir())
        assert {each.suffix for each in found} == {".eml"}
        assert len(found) == 3
        assert cli.main(["dispatch", file, "--once"]) == 0
    told = [each.message for each in caplog.records if each.name.startswith("omnibook")]
    assert told.count("sent 3") == 1
    assert told.count("without [portal], messages hold no link: they ask patients to phone") == 2
    assert "somebody" not in caplog.text


def test_once_goes_on_while_there_is_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """R46: a pass looks at a hundred at most."""
    monkeypatch.setattr("omnibook.delivery.PAGE", 2)
    book(tmp_path, 3)

    with caplog.at_level(logging.INFO):
        assert cli.main(["dispatch", write(tmp_path), "--once"]) == 0
    assert len(list((tmp_path / "sent").iterdir())) == 3
    told = [each.message for each in caplog.records]
    assert [each for each in told if each.startswith("sent")] == ["sent 2", "sent 1"]


def test_once_ends_when_it_is_told_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R46."""
    book(tmp_path)
    stopped = Stop()
    stopped.set()
    monkeypatch.setattr(cli_dispatch, "Stop", lambda: stopped)

    assert cli.main(["dispatch", write(tmp_path), "--once"]) == 0
    assert not (tmp_path / "sent").exists()


def test_a_database_that_cannot_be_opened_is_said_without_its_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """R23."""
    (tmp_path / "hunter2").write_text("no database at all, but text of some length " * 50)

    assert cli.main(["dispatch", write(tmp_path, database="hunter2"), "--once"]) == 1
    assert "ended by a fault: the file is no SQLite database; check the URL" in caplog.text
    assert "hunter2" not in caplog.text


def test_a_database_that_is_away_when_it_begins_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """R39: as one that goes away later; whoever mends it need not begin the dispatcher anew."""
    book(tmp_path)
    (tmp_path / "c.db").rename(tmp_path / "away.db")
    (tmp_path / "c.db").write_text("no database at all, but text of some length " * 50)

    class Mended(Sign):
        def wait(self, timeout: float) -> None:
            super().wait(timeout)
            if len(self.waits) == 2:
                (tmp_path / "away.db").replace(tmp_path / "c.db")

    sign = Mended(3)
    monkeypatch.setattr(cli_dispatch, "Stop", lambda: sign)
    monkeypatch.setattr(cli_dispatch, "_stop_at_signals", lambda stop: None)
    with caplog.at_level(logging.INFO):
        assert cli.main(["dispatch", write(tmp_path)]) == 0

    assert sign.waits == [15, 30, 15]
    told = [each.message for each in caplog.records if each.name == "omnibook.dispatch"]
    away = "the database fails: the file is no SQLite database; check the URL"
    assert [each.startswith(away) for each in told[1:3]] == [True, True]
    assert told[3:] == ["delivering", "the database answers again", "sent 1", "stopped"]
    assert len(list((tmp_path / "sent").iterdir())) == 1


def test_without_anybody_to_send_by_it_does_not_begin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R42: or it would drop every message."""
    assert cli.main(["dispatch", write(tmp_path, more="")]) == 1
    assert "nothing takes its messages; write [mail]" in capsys.readouterr().err


def test_mistakes_are_told_all_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R46."""
    file = write(tmp_path, more="[mail]\nport = 0\n[portal]\n")
    for command in ("dispatch", "check-deployment"):
        assert cli.main([command, file]) == 1
        said = capsys.readouterr().err
        assert f"{file}: 3 mistakes" in said
        assert "mail.host: missing" in said
    assert cli.main(["check-deployment", "no-such-file.toml"]) == 1
    assert "1 mistake\n" in capsys.readouterr().err


def test_a_deployment_can_be_checked_before_it_is_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R42: a channel that nothing serves is a warning."""
    portal = '[files]\nfolder = "x"\n[portal]\naddress = "https://booking.example.org"\n'
    proxy = 'trusted_proxies = ["127.0.0.1"]\n'
    assert cli.main(["check-deployment", write(tmp_path, more=portal + proxy)]) == 0
    assert capsys.readouterr().out.endswith("0 mistakes, 0 warnings\n")
    local = '[mail]\nhost = "localhost"\nsecurity = "none"\n'
    assert cli.main(["check-deployment", write(tmp_path, more=local)]) == 0
    said = capsys.readouterr().out
    assert "2 warnings" in said
    assert "the clinic writes by phone, and nothing here does" in said
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    (tmp_path / "demo").mkdir()
    example = str(tmp_path / "examples" / "deployment.toml")
    assert cli.main(["check-deployment", example]) == 0
    assert "0 mistakes, 0 warnings" in capsys.readouterr().out
    # Nothing was made by looking.
    assert list((tmp_path / "demo").iterdir()) == []


def older(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE omnibook_version (version_num TEXT)")
        connection.execute("INSERT INTO omnibook_version VALUES ('0006')")


def text(file: Path) -> None:
    file.write_text("no database at all, but text of some length " * 50)


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (text, "the file is no SQLite database; check the URL"),
        (older, "and this omnibook needs 0007; stop what uses it, make a copy, and run: omnibook"),
        (lambda file: file.parent.rmdir(), "check that its folder exists and can be written"),
    ],
)
def test_a_database_that_cannot_be_used_is_a_mistake(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    make: Callable[[Path], None],
    wanted: str,
) -> None:
    """R23, R51: with the remedy, before anything is begun with it; it is left as it is."""
    (tmp_path / "data").mkdir()
    make(tmp_path / "data" / "hunter2")

    assert cli.main(["check-deployment", write(tmp_path, database="data/hunter2")]) == 1
    said = capsys.readouterr().err
    assert "1 mistake\n  the database: " in said
    assert wanted in said
    assert "hunter2" not in said


def test_a_database_in_use_is_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R42."""
    book(tmp_path)
    (tmp_path / "empty.db").touch()
    for name in ("c.db", "empty.db"):
        assert cli.main(["check-deployment", write(tmp_path, database=name)]) == 0
        assert "0 mistakes" in capsys.readouterr().out
    assert (tmp_path / "empty.db").stat().st_size == 0


def test_a_portal_whose_proxy_is_not_named_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R12, R36: every visitor would come from the proxy's address."""
    portal = '[files]\nfolder = "x"\n[portal]\naddress = "https://booking.example.org"\n'
    assert cli.main(["check-deployment", write(tmp_path, more=portal)]) == 0
    said = capsys.readouterr().out
    assert "1 warning" in said
    assert "portal.trusted_proxies is missing" in said


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_an_orderly_way_when_it_is_told_to(
    tmp_path: Path, number: signal.Signals
) -> None:
    """R46: no piece is left to its lease."""
    book(tmp_path)
    running = subprocess.Popen(  # noqa: S603 - our own command
        [
            sys.executable,
            "-c",
            "import sys; from omnibook.cli import main; sys.exit(main(sys.argv[1:]))",
            "dispatch",
            write(tmp_path),
        ],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMNIBOOK_KEYS": SECRET},
    )
    assert running.stderr is not None
    said: list[str] = []
    for line in running.stderr:
        said.append(line)
        if "sent 1" in line:
            running.send_signal(number)

    assert running.wait(30) == 0
    running.stderr.close()
    assert "INFO stopped" in said[-1]
    assert len(list((tmp_path / "sent").iterdir())) == 1


def test_who_asks_twice_does_not_want_to_wait() -> None:
    """R46: and nothing is lost by it."""
    stop = Stop()
    cli_dispatch._stop_at_signals(stop)
    handler = signal.getsignal(signal.SIGTERM)
    assert callable(handler)
    handler(signal.SIGTERM, None)

    assert stop.is_set()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_DFL

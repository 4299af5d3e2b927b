"""Messages written into files, for demonstrations."""

from email import message_from_bytes, policy
from pathlib import Path
from threading import Lock

import pytest
from hypothesis import HealthCheck, given, settings

from omnibook.adapters.letters import Letterhead
from omnibook.adapters.notifiers import FileNotifier
from omnibook.contacts import ContactSystem
from omnibook.errors import NotifierError
from omnibook.ports import Message
from omnibook.testing import check_notifier
from support.messages_to_send import NASTY, PHONE, invitation, message, text_message

HEAD = Letterhead(sender="rdv@clinic.example.org", name="Clinique des Érables")


def test_an_e_mail_can_be_opened_by_a_mail_program(tmp_path: Path) -> None:
    FileNotifier(tmp_path, HEAD).send(message(invitation=invitation()))

    (found,) = tmp_path.iterdir()
    assert found.name == "notice-1.eml"
    mail = message_from_bytes(found.read_bytes(), policy=policy.default)
    assert mail["Subject"] == message().subject
    assert mail["Message-ID"] == "<notice-1@clinic.example.org>"
    assert "application/ics" in [part.get_content_type() for part in mail.walk()]


def test_a_text_message_tells_what_it_costs(tmp_path: Path) -> None:
    FileNotifier(tmp_path, HEAD).send(text_message(body="Jeudi à 8 h 30 €\nà bientôt"))

    (found,) = tmp_path.iterdir()
    assert found.name == "notice-1.txt"
    assert found.read_text(encoding="utf-8") == (
        f"To: {PHONE}\nId: notice-1\nParts: 1 (UCS-2, 26 units)\n\nJeudi à 8 h 30 €\nà bientôt"
    )


def test_only_its_owner_reads_a_file(tmp_path: Path) -> None:
    FileNotifier(tmp_path / "out" / "box", HEAD).send(message())

    (found,) = (tmp_path / "out" / "box").iterdir()
    assert found.stat().st_mode & 0o077 == 0


def test_a_repeat_replaces_its_file(tmp_path: Path) -> None:
    """R46."""
    notifier = FileNotifier(tmp_path, HEAD)

    for body in ("one", "two"):
        notifier.send(text_message(body=body))

    (found,) = tmp_path.iterdir()
    assert found.read_text(encoding="utf-8").endswith("two")


@given(NASTY, NASTY)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_identifier_leads_out_of_the_folder(tmp_path: Path, name: str, body: str) -> None:
    folder = tmp_path / "out"
    before = set(folder.iterdir()) if folder.exists() else set()

    FileNotifier(folder, HEAD).send(text_message(message_id=name, body=body))

    assert len(set(folder.iterdir()) - before) <= 1
    assert [each.name for each in tmp_path.iterdir()] == ["out"]
    assert all(each.suffix == ".txt" for each in folder.iterdir())


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "../a", "a\0b", "con\r\n", "é", "a" * 300])
def test_a_name_that_is_no_file_name_becomes_one(tmp_path: Path, name: str) -> None:
    FileNotifier(tmp_path, HEAD).send(text_message(message_id=name))

    (found,) = tmp_path.iterdir()
    assert len(found.stem) == 64


def test_what_cannot_be_written_raises_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)

    with pytest.raises(NotifierError) as caught:
        FileNotifier(tmp_path, HEAD).send(message())

    assert caught.value.unavailable
    assert caught.value.reason == "file OSError"
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_address_is_refused_for_good(tmp_path: Path) -> None:
    with pytest.raises(NotifierError) as caught:
        FileNotifier(tmp_path, HEAD).send(message(address="nobody"))

    assert caught.value.permanent
    assert caught.value.reason == "no e-mail address"


class _Remembers(FileNotifier):
    """Keeps what it was given by its file's name, to compare with the files."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, HEAD)
        self.folder = folder
        self.given: dict[str, Message] = {}
        self._lock = Lock()

    def send(self, message: Message) -> None:
        with self._lock:
            self.given[message.message_id] = message
        super().send(message)


def test_it_keeps_the_laws_of_a_notifier(tmp_path: Path) -> None:
    """R46."""
    (tmp_path / "file").write_bytes(b"")
    made = iter(range(100))

    def make(working: bool) -> _Remembers:
        return _Remembers(tmp_path / ("out" if working else "file") / str(next(made)))

    def handed_over(notifier: object) -> list[Message]:
        assert isinstance(notifier, _Remembers)
        if not notifier.folder.is_dir():
            return []
        names = {path.stem for path in notifier.folder.iterdir()}
        found = [each for name, each in notifier.given.items() if name in names]
        for each in found:
            if each.system is ContactSystem.PHONE:
                written = (notifier.folder / f"{each.message_id}.txt").read_bytes()
                assert written.endswith(each.body.encode())
        return found

    check_notifier(make, handed_over=handed_over)

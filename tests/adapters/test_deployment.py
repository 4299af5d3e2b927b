"""What a deployment names is found and opened, or everything that is wrong is told (R23, R42)."""

import base64
import sys
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import omnibook as ob
from omnibook.adapters.notifiers import FileNotifier
from omnibook.adapters.sms import SmsGateway, SmsNotifier
from omnibook.adapters.smtp import SmtpNotifier
from omnibook.adapters.sql import SqlDirectory
from omnibook.deployment import deployment_from_toml, prepare
from omnibook.deployment_file import Deployment, GatewayPlace, MailPlace, MailSecurity, Sender
from omnibook.errors import ConfigurationError
from omnibook.ids import ClinicId, NoticeId, PatientId
from omnibook.ports import AuditTrail, Message
from omnibook.records import NoticeKind
from support.archives import EVER

EXAMPLES = Path(__file__).parents[2] / "examples"
SECRET = base64.b64encode(b"a secret for tests, of 32 bytes..").decode()
EMAIL, PHONE = ob.ContactSystem.EMAIL, ob.ContactSystem.PHONE
SENDER = Sender(address="booking@clinic.example.org", name="Clinic")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIBOOK_KEYS", SECRET)
    for name in ("DATABASE_URL", "MAIL_PASSWORD", "SMS_TOKEN"):
        monkeypatch.delenv(f"OMNIBOOK_{name}", raising=False)


def deployment(folder: Path, **more: Any) -> Deployment:
    made = Deployment(
        clinic=str(EXAMPLES / "clinic.toml"),
        patients=str(EXAMPLES / "patients.json"),
        database=f"sqlite:///{folder / 'clinic.db'}",
        sender=SENDER,
        files=str(folder / "sent"),
    )
    return evolve(made, **more)


def wrong(given: Deployment) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        prepare(given)
    return caught.value.mistakes


def test_paths_are_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the folder is that the process was begun in."""
    (tmp_path / "d.toml").write_text(
        'clinic = "a/c.toml"\npatients = "p.json"\ndatabase = "sqlite:///x.db"\n'
        '[sender]\naddress = "a@b.example"\n[files]\nfolder = "/var/sent"\n'
    )
    monkeypatch.chdir(tmp_path)
    read = deployment_from_toml("d.toml")

    assert read.clinic == str(tmp_path / "a" / "c.toml")
    assert read.patients == str(tmp_path / "p.json")
    assert read.database == f"sqlite:///{tmp_path / 'x.db'}"
    assert read.files == "/var/sent"
    (tmp_path / "d.toml").write_text('clinic = "c"\ndatabase = "sqlite:////var/x.db"\n')
    assert deployment_from_toml("d.toml").database == "sqlite:////var/x.db"
    (tmp_path / "d.toml").write_text('clinic = "c"\ndatabase = "postgresql://db/clinic"\n')
    assert deployment_from_toml("d.toml").database == "postgresql://db/clinic"
    (tmp_path / "d.toml").write_text('clinic = "c"\n')
    assert deployment_from_toml("d.toml") == Deployment(clinic=str(tmp_path / "c"))
    with pytest.raises(ConfigurationError):
        deployment_from_toml("no-such-file.toml")


def test_the_example_can_be_used_as_it_is() -> None:
    """R42."""
    prepared = prepare(deployment_from_toml(EXAMPLES / "deployment.toml"))

    assert prepared.clinic.clinic_id == "clinique-des-erables"
    assert prepared.patients
    assert prepared.unserved == ()
    assert prepared.link_address is not None
    assert prepared.link_address("x") == "http://127.0.0.1:8000/a/x"


def test_the_store_and_the_patient_files_are_opened_and_closed(tmp_path: Path) -> None:
    """R42: of a JSON file, or of the database."""
    with prepare(deployment(tmp_path)).open() as (store, directory):
        assert isinstance(directory, ob.MemoryDirectory)
        assert store.read(AuditTrail(clinic_id=ClinicId("c"), span=EVER))[1] == ()
    prepared = prepare(deployment(tmp_path, patients=None))
    assert prepared.patients is None
    with prepared.open() as (store, directory):
        assert isinstance(directory, SqlDirectory)
        assert directory.get(PatientId("nobody")) is None


def test_the_database_is_named_by_the_environment_where_the_file_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R23: its URL may hold a password."""
    assert wrong(deployment(tmp_path, database=None)) == (
        "environment OMNIBOOK_DATABASE_URL: missing; or write database = …",
    )
    url = "postgresql://clinic:hunter2@db.example.org/clinic"
    monkeypatch.setenv("OMNIBOOK_DATABASE_URL", f" {url} ")
    prepared = prepare(deployment(tmp_path, database=None))

    assert prepared.database_url == url
    assert "hunter2" not in repr(prepared)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("hunter2", "this is no database URL; give a database URL such as"),
        ("mysql://clinic:hunter2@db/clinic", "only SQLite, and PostgreSQL by psycopg 3"),
        ("postgresql://clinic:hunter2@db:port/clinic", "this is no database URL"),
        ("sqlite://", "a SQLite database in memory"),
    ],
)
def test_a_database_of_the_environment_that_is_none_is_a_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, wanted: str
) -> None:
    """R23: with the others, and without its password."""
    monkeypatch.setenv("OMNIBOOK_DATABASE_URL", url)
    monkeypatch.delenv("OMNIBOOK_KEYS")
    first, second = wrong(deployment(tmp_path, database=None))

    assert first.startswith("environment OMNIBOOK_KEYS")
    assert second.startswith(f"environment OMNIBOOK_DATABASE_URL: {wanted}")
    assert "hunter2" not in second


def test_a_database_of_the_file_that_is_none_is_a_mistake(tmp_path: Path) -> None:
    """R23."""
    (found,) = wrong(deployment(tmp_path, database="sqlite:///"))
    assert found.startswith("database: a SQLite database in memory")


def test_each_way_has_its_notifier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R42: the folder takes what has neither server nor gateway."""
    monkeypatch.setenv("OMNIBOOK_MAIL_PASSWORD", "hunter2")
    monkeypatch.setenv("OMNIBOOK_SMS_TOKEN", "hunter3")
    mail = MailPlace(host="smtp.example.org", port=587, user="booking")
    gateway = GatewayPlace(url="https://sms.example.org/send")
    made = {
        (): deployment(tmp_path, files=None),
        (FileNotifier, FileNotifier): deployment(tmp_path),
        (SmtpNotifier, FileNotifier): deployment(tmp_path, mail=mail),
        (FileNotifier, SmsNotifier): deployment(tmp_path, text_messages=gateway),
        (SmtpNotifier,): deployment(tmp_path, files=None, mail=mail),
        (SmtpNotifier, SmsNotifier): deployment(tmp_path, mail=mail, text_messages=gateway),
    }
    for kinds, given in made.items():
        found = prepare(given).notifiers
        assert tuple(type(found[each]) for each in (EMAIL, PHONE) if each in found) == kinds
        assert "hunter" not in repr(prepare(given))

    assert prepare(deployment(tmp_path, files=None)).unserved == (EMAIL, PHONE)
    plain = MailPlace(host="localhost", port=25, security=MailSecurity.NONE)
    monkeypatch.delenv("OMNIBOOK_MAIL_PASSWORD")
    assert isinstance(prepare(deployment(tmp_path, mail=plain)).notifiers[EMAIL], SmtpNotifier)


@pytest.mark.parametrize(("sender", "told"), [(None, None), ("Clinic", "Clinic")])
def test_a_gateway_is_told_the_sender_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sender: str | None, told: str | None
) -> None:
    """R42."""
    monkeypatch.setenv("OMNIBOOK_SMS_TOKEN", "token")
    place = GatewayPlace(url="https://sms.example.org/send", sender=sender)
    made: list[SmsGateway] = []
    monkeypatch.setattr("omnibook.adapters.sms.SmsNotifier", made.append)
    prepare(deployment(tmp_path, text_messages=place))
    (gateway,) = made
    message = Message(
        message_id=NoticeId("n"),
        kind=NoticeKind.BOOKING,
        system=PHONE,
        address="+15145550123",
        language="fr",
        subject="",
        body="text",
    )

    assert gateway.payload(message).get("from") == told
    assert gateway.payload(message)["text"] == "text"
    assert (gateway.url, gateway.token) == (place.url, "token")


def test_every_mistake_is_told_at_once_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R23: of the clinic's file, of the patient files, of the environment."""
    monkeypatch.setenv("OMNIBOOK_KEYS", "hunter2")
    (tmp_path / "clinic.toml").write_text('id = "c"\n')
    (tmp_path / "patients.json").write_text("{}")
    found = wrong(
        deployment(
            tmp_path,
            clinic=str(tmp_path / "clinic.toml"),
            patients=str(tmp_path / "patients.json"),
            database=None,
            mail=MailPlace(host="smtp.example.org", port=587, user="booking"),
            text_messages=GatewayPlace(url="https://sms.example.org/send"),
        )
    )

    text = "\n".join(found)
    for wanted in (
        "clinic.toml: name",
        "patients.json: patients: missing",
        "environment OMNIBOOK_KEYS",
        "environment OMNIBOOK_DATABASE_URL",
        "environment OMNIBOOK_MAIL_PASSWORD",
        "environment OMNIBOOK_SMS_TOKEN",
    ):
        assert wanted in text
    assert "hunter2" not in text
    assert len(set(found)) == len(found)


def test_what_a_notifier_refuses_is_a_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R42: told once, without the secret."""
    monkeypatch.setenv("OMNIBOOK_SMS_TOKEN", "hunter 2")
    place = GatewayPlace(url="https://sms.example.org/send")
    assert wrong(deployment(tmp_path, text_messages=place)) == (
        "messages: a gateway's token is visible ASCII characters",
    )
    mail = MailPlace(host="localhost", port=25, security=MailSecurity.NONE)
    found = wrong(deployment(tmp_path, mail=mail, sender=None))
    assert found == ("messages: nobody writes them: give the deployment a sender",)


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("omnibook.adapters.sql", "sql"),
        ("omnibook.adapters.smtp", "messages"),
        ("omnibook.adapters.sms", "sms"),
    ],
)
def test_a_missing_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, extra: str
) -> None:
    """Only where the deployment needs it."""
    monkeypatch.setenv("OMNIBOOK_SMS_TOKEN", "token")
    monkeypatch.setitem(sys.modules, module, None)
    mail = MailPlace(host="localhost", port=25, security=MailSecurity.NONE)
    place = GatewayPlace(url="https://sms.example.org/send")

    assert wrong(deployment(tmp_path, mail=mail, text_messages=place)) == (
        f'this deployment needs the extra "{extra}": pip install "omnibook[{extra}]"',
    )
    if extra != "sql":
        assert prepare(deployment(tmp_path)).notifiers

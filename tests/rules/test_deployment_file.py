"""A deployment's file: every mistake at once, and no secret in it (R23, R44, R46)."""

import json
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnibook.deployment_file import (
    SECRETS,
    Deployment,
    GatewayPlace,
    MailPlace,
    MailSecurity,
    Pauses,
    PortalPlace,
    Sender,
    parse_deployment,
    read_deployment,
)
from omnibook.errors import ConfigurationError

EXAMPLE = Path(__file__).parents[2] / "examples" / "deployment.toml"
FULL = """
clinic = "clinic.toml"
patients = "patients.json"
database = "sqlite:////var/lib/clinic/clinic.db"

[portal]
address = "https://booking.example.org:8443/"
trusted_proxies = ["10.0.0.0/8", "192.0.2.7"]
proxy_header = "forwarded"

[sender]
address = "booking@clinic.example.org"
name = "Clinique Exemple"
unsubscribe = "https://clinic.example.org/unsubscribe"

[mail]
host = "smtp.example.org"
security = "tls"
user = "booking"

[text_messages]
url = "https://sms.example.org/v1/messages"
sender = "Clinic"

[files]
folder = "sent"

[dispatcher]
pause_seconds = 900
"""


def mistakes(**more: Any) -> list[str]:
    """What is wrong with a deployment that is right but for this."""
    found = read_deployment({"clinic": "clinic.toml", **more})
    assert (found[0] is None) is bool(found[1])
    return [str(each) for each in found[1]]


def test_everything_that_can_be_said_is_read() -> None:
    """R44, R46."""
    assert parse_deployment(FULL) == Deployment(
        clinic="clinic.toml",
        patients="patients.json",
        database="sqlite:////var/lib/clinic/clinic.db",
        portal=PortalPlace(
            address="https://booking.example.org:8443",
            trusted_proxies=("10.0.0.0/8", "192.0.2.7"),
            proxy_header="forwarded",
        ),
        sender=Sender(
            address="booking@clinic.example.org",
            name="Clinique Exemple",
            unsubscribe="https://clinic.example.org/unsubscribe",
        ),
        mail=MailPlace(
            host="smtp.example.org", port=465, security=MailSecurity.TLS, user="booking"
        ),
        text_messages=GatewayPlace(url="https://sms.example.org/v1/messages", sender="Clinic"),
        files="sent",
        pauses=Pauses(idle=timedelta(minutes=15), longest=timedelta(minutes=15)),
    )


def test_little_has_to_be_said() -> None:
    """R46."""
    assert parse_deployment('clinic = "c.toml"') == Deployment(clinic="c.toml")
    mail = {"host": "localhost", "security": "none"}
    read, _ = read_deployment({"clinic": "c", "mail": mail, "sender": {"address": "a@b.example"}})
    assert read is not None
    assert read.mail == MailPlace(host="localhost", port=25, security=MailSecurity.NONE)
    assert read.sender == Sender(address="a@b.example")
    gateway = {"url": "http://127.0.0.1:9000/send"}
    read, _ = read_deployment({"clinic": "c", "text_messages": gateway})
    assert read is not None
    assert read.text_messages == GatewayPlace(url="http://127.0.0.1:9000/send")


@pytest.mark.parametrize("host", ["smtp.example.org", "10.0.0.1", "::1", "2001:db8::25"])
def test_a_mail_server_is_a_name_or_an_address(host: str) -> None:
    """R42."""
    sender = {"address": "a@b.example"}
    read, wrong = read_deployment({"clinic": "c", "mail": {"host": host}, "sender": sender})
    assert wrong == ()
    assert read is not None
    assert read.mail == MailPlace(host=host, port=587)


def test_no_secret_is_announced_that_nothing_reads() -> None:
    """R23."""
    package = Path(__file__).parents[2] / "src" / "omnibook"
    readers = [each for each in package.rglob("*.py") if each.name != "deployment_file.py"]
    text = "".join(each.read_text(encoding="utf-8") for each in readers)
    assert [name for name in SECRETS if f'"{name}"' not in text] == []


def test_the_example_is_right_and_its_comments_too() -> None:
    """R46: with what stands there for real ones."""
    text = EXAMPLE.read_text(encoding="utf-8")
    assert parse_deployment(text).files == "../demo/messages"
    lines = [
        line.removeprefix("# ") if " = " in line or "# [" in line else line
        for line in text.splitlines()[4:]
    ]
    full = tomllib.loads("\n".join(lines))
    assert {"mail", "text_messages"} <= full.keys()
    read, wrong = read_deployment(full)
    assert wrong == ()
    assert read is not None
    assert read.mail is not None
    assert read.mail.port == 587


def test_the_portal_says_where_links_lead() -> None:
    """R44."""
    place = PortalPlace(address="https://Booking.example.org:8443")

    assert place.link_address("a.0.b") == "https://Booking.example.org:8443/a/a.0.b"
    assert (place.host, place.is_secure) == ("booking.example.org", True)
    assert not PortalPlace(address="http://[::1]:8000").is_secure


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("database", "postgresql://clinic:hunter2@db.example.org/clinic"),
        ("database", "postgresql://db.example.org/clinic?password=hunter2"),
        ("database", "postgresql://:hunter2@db.example.org/clinic"),
        ("portal", {"address": "https://me:hunter2@booking.example.org"}),
        ("text_messages", {"url": "https://me:hunter2@sms.example.org"}),
        ("text_messages", {"url": "https://sms.example.org", "token": "hunter2"}),
        ("mail", {"host": "smtp.example.org", "password": "hunter2"}),
        ("keys", "hunter2"),
        ("database", "mysql://hunter2"),
        ("database", "hunter2 hunter2"),
        ("portal", {"address": "ftp://hunter2"}),
        ("portal", {"address": "http://[hunter2"}),
        ("portal", {"address": "https://hunter2.example.org:port"}),
        ("mail", {"host": "hunter2@smtp.example.org"}),
    ],
)
def test_a_secret_is_refused_and_never_repeated(key: str, value: object) -> None:
    """R23: it is told where it belongs."""
    sender = {"address": "booking@clinic.example.org"}
    found = mistakes(**{"sender": sender, key: value})

    assert len(found) == 1
    assert "hunter2" not in found[0]
    assert found[0].startswith(key)
    if "no place in a file" in found[0] and key in {"keys", "mail"}:
        assert any(name in found[0] for name in SECRETS)


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"clinic": None}, "clinic: missing; write clinic ="),
        ({"clinic": 7}, "clinic: must be a text, not 7"),
        ({"portal": {"address": "http://booking.example.org"}}, "portal.address: is not under TLS"),
        ({"portal": {"address": "https://x.example/booking"}}, "goes on after the host"),
        ({"portal": {"address": "https://x.example?a=b"}}, "goes on after the host"),
        (
            {"portal": {"address": "https://x.example", "trusted_proxies": ["10.0.0.1/8"]}},
            "portal.trusted_proxies[0]: is no address or network",
        ),
        (
            {"portal": {"address": "https://x.example", "trusted_proxies": ["0.0.0.0/0"]}},
            "portal.trusted_proxies[0]: is every address there is",
        ),
        ({"portal": {"address": "https://x.example", "trusted_proxies": [7]}}, "must be a text"),
        ({"portal": {"address": "https://x.example", "proxy_header": "via"}}, "unknown word 'via'"),
        ({"portal": {}}, "portal.address: missing"),
        ({"portal": 7}, "portal: must be a table"),
        ({"sender": {"address": "Clinic <booking@clinic.example.org>"}}, "is no e-mail address"),
        ({"sender": {"address": "cliniqué@clinic.example.org"}}, "is no e-mail address in ASCII"),
        ({"sender": {"address": "a@b.example", "unsubscribe": "a@b.example"}}, "is no address"),
        ({"sender": {"address": "a@b.example", "unsubscribe": 7}}, "must be a text"),
        ({"mail": {"host": "smtp.example.org"}}, "sender: missing"),
        *(
            (
                {"mail": {"host": host}, "sender": {"address": "a@b.example"}},
                "mail.host: is no host; give a name or an address; write port = … for a port",
            )
            for host in ("smtp.example.org:587", "10.0.0.1:587", "a:b", ":", "[::1]:587", "::g")
        ),
        ({"files": {"folder": "sent"}}, "sender: missing"),
        ({"files": {}, "sender": {"address": "a@b.example"}}, "files.folder: missing"),
        (
            {"mail": {"host": "a", "security": "none"}, "sender": {"address": "a@b.example"}},
            "mail.security: e-mails would cross a network in the clear",
        ),
        ({"mail": {"host": "a", "port": 0}, "sender": {"address": "a@b.example"}}, "mail.port"),
        (
            {"mail": {"host": "a", "security": "ssl"}, "sender": {"address": "a@b.example"}},
            "unknown word 'ssl'",
        ),
        ({"text_messages": {}}, "text_messages.url: missing"),
        ({"text_messages": {"url": "http://sms.example.org"}}, "is not under TLS"),
        ({"dispatcher": {"pause_seconds": 0}}, "dispatcher.pause_seconds: cannot be"),
        ({"dispatcher": {"pause": 1}}, "unknown key 'pause'; use one of pause_seconds"),
        ({"portals": {}}, "unknown key 'portals'; did you mean 'portal'?"),
        ({"database": 7}, "database: must be a text"),
    ],
)
def test_each_mistake_is_told_with_its_place_and_a_remedy(more: Any, wanted: str) -> None:
    """R46."""
    found = mistakes(**more)

    assert len(found) == 1
    assert wanted in found[0]
    assert "; " in found[0]


def test_every_mistake_is_told_at_once() -> None:
    """R46: also of a text that is no TOML, or none that can be read."""
    with pytest.raises(ConfigurationError) as caught:
        parse_deployment('databases = 1\n[mail]\nport = "x"\n[portal]\naddress = ""')
    assert len(caught.value.mistakes) == 6
    for text in ("clinic = ", "[" * 5000, "a = 1\na = 2", "\0"):
        with pytest.raises(ConfigurationError, match=r"^the file: is not TOML"):
            parse_deployment(text)
    assert read_deployment("no table")[0] is None  # type: ignore[arg-type]


words = st.text(max_size=12) | st.sampled_from(
    ("https://x.example", "http://[", "a@b.example", "none", "sqlite:///x", "10.0.0.0/8")
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
tables = st.fixed_dictionaries(
    {},
    optional={
        key: values | st.fixed_dictionaries({}, optional=dict.fromkeys(inner, values))
        for key, inner in {
            "clinic": (),
            "database": (),
            "patients": (),
            "portal": ("address", "trusted_proxies", "proxy_header"),
            "sender": ("address", "name", "unsubscribe"),
            "mail": ("host", "port", "security", "user", "password"),
            "text_messages": ("url", "sender", "token"),
            "files": ("folder",),
            "dispatcher": ("pause_seconds",),
        }.items()
    },
)


@given(data=tables | values)
def test_any_data_is_read_or_refused_and_never_raises(data: Any) -> None:
    """R46."""
    deployment, found = read_deployment(data)

    assert (deployment is None) is bool(found)
    if deployment is not None:
        json.dumps(deployment.clinic)

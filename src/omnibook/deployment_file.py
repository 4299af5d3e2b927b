"""What a process needs beside the clinic's own file, read from TOML: every mistake at once.

One file says where a clinic's portal and its dispatcher find what they work with: the clinic's
file, the patient files, the database, the portal's address, and who takes messages. ``omnibook
serve`` and ``omnibook dispatch`` read the same one.

Nothing secret stands in it: passwords and keys come from the environment only
(:data:`SECRETS`), and a key of the file that looks like one is refused, with the variable to use.
Opening what is named here is :mod:`omnibook.deployment`'s.
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum, unique
from ipaddress import ip_address, ip_network
from types import MappingProxyType
from urllib.parse import urlsplit

from attrs import field, frozen

from omnibook.contacts import parse_email
from omnibook.errors import ConfigurationError
from omnibook.mistakes import Mistake, as_table
from omnibook.problems import Problem
from omnibook.table_reader import TableReader

SECRETS: Mapping[str, str] = MappingProxyType(
    {
        "OMNIBOOK_KEYS": "the clinic's keys, base64 secrets separated by commas",
        "OMNIBOOK_DATABASE_URL": "the database, where its URL holds a password",
        "OMNIBOOK_MAIL_PASSWORD": "the password of mail.user",
        "OMNIBOOK_SMS_TOKEN": "what the text-message gateway knows the clinic by",
    }
)
"""The variables of the environment that hold what no file should."""

LINK_PATH = "/a/"
"""Where the portal shows an appointment by a link (:mod:`omnibook.web`); short, for texts."""

_HIDDEN = {
    "keys": "OMNIBOOK_KEYS",
    "password": "OMNIBOOK_MAIL_PASSWORD",
    "token": "OMNIBOOK_SMS_TOKEN",
    "secret": "OMNIBOOK_SMS_TOKEN",
}
_HEADERS = ("forwarded", "x-forwarded-for")
_DATABASES = ("sqlite:///", "postgresql://", "postgresql+psycopg://")
_PASSWORD = re.compile(r"://[^/@\s]*:[^/@\s]*@|[?&](?:password|passwd|pwd)=", re.IGNORECASE)
_VISIBLE = re.compile(r"[!-~]+")
_HOST = re.compile(r"[A-Za-z0-9.:-]{1,253}")
_UNSUBSCRIBE = re.compile(r"(?:mailto:|https://)[!-;=?-~]+")


@unique
class MailSecurity(StrEnum):
    """How the way to the mail server is kept private."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"
    """On this machine only."""


_PORTS = {MailSecurity.STARTTLS: 587, MailSecurity.TLS: 465, MailSecurity.NONE: 25}


@frozen(kw_only=True)
class PortalPlace:
    """Under which address patients reach the portal, and what stands before it."""

    address: str
    """Without a slash at the end."""
    trusted_proxies: tuple[str, ...] = ()
    proxy_header: str = "x-forwarded-for"

    @property
    def sees_one_source(self) -> bool:
        """Whether every visitor comes from the proxy's address, as far as can be told (R12, R36).

        What is reached over HTTPS has a proxy before it, which ends TLS; it has to be named.
        """
        return self.address.startswith("https:") and not self.trusted_proxies

    @property
    def host(self) -> str:
        """The name that browsers ask for, without a port."""
        return urlsplit(self.address).hostname or ""

    @property
    def is_secure(self) -> bool:
        """Whether it is reached under TLS; plain HTTP is for this machine only."""
        return self.address.startswith("https:")

    def link_address(self, link: str) -> str:
        """The address of the page for a link of a message (R44)."""
        return f"{self.address}{LINK_PATH}{link}"


@frozen(kw_only=True)
class MailPlace:
    """The mail server that takes the clinic's e-mails."""

    host: str
    port: int
    security: MailSecurity = MailSecurity.STARTTLS
    user: str | None = field(default=None, repr=False)


@frozen(kw_only=True)
class GatewayPlace:
    """The gateway that takes the clinic's text messages."""

    url: str
    sender: str | None = None
    """What the gateway should show as the sender, where it lets a clinic choose."""


@frozen(kw_only=True)
class Sender:
    """Whom messages come from."""

    address: str
    name: str = ""
    unsubscribe: str | None = None


@frozen(kw_only=True)
class Pauses:
    """How long the dispatcher waits after a pass; ``longest`` while the database is away."""

    idle: timedelta = timedelta(seconds=15)
    longest: timedelta = timedelta(minutes=5)


@frozen(kw_only=True)
class Deployment:
    """What the processes of one clinic share; paths are as written in the file."""

    clinic: str
    patients: str | None = None
    """Patient files in JSON; without it they are those of the database."""
    database: str | None = field(default=None, repr=False)
    """Without it, the environment names it."""
    portal: PortalPlace | None = None
    sender: Sender | None = None
    mail: MailPlace | None = None
    text_messages: GatewayPlace | None = None
    files: str | None = None
    """A folder that messages are written into, for what has neither server nor gateway."""
    pauses: Pauses = Pauses()


def parse_deployment(toml_text: str) -> Deployment:
    """The deployment that a TOML text describes.

    Raises :class:`~omnibook.errors.ConfigurationError` with every mistake found.
    """
    try:
        data = tomllib.loads(toml_text)
    except (ValueError, TypeError, RecursionError, AttributeError) as error:
        # As for a clinic's file: tomllib leaves some texts to int() and to Python's stack.
        said = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        remedy = "see https://toml.io for how it is written"
        mistake = Mistake(path="the file", message=f"is not TOML: {said}", remedy=remedy)
        raise ConfigurationError([str(mistake)]) from None
    deployment, mistakes = read_deployment(data)
    if deployment is None:
        raise ConfigurationError([str(mistake) for mistake in mistakes])
    return deployment


def read_deployment(
    data: Mapping[str, object],
) -> tuple[Deployment | None, tuple[Mistake, ...]]:
    """The deployment that parsed data describes, or ``None`` and every mistake in it.

    Never raises over ``data``, whatever it holds, and never repeats an address, which may hold a
    password by mistake.
    """
    mistakes: list[Mistake] = []
    table = as_table(data, "the file", mistakes)
    if table is None:
        return None, tuple(mistakes)
    return _deployment(TableReader(table, "", mistakes)), tuple(mistakes)


def _deployment(table: TableReader) -> Deployment | None:
    clinic = table.text("clinic", remedy='write clinic = "clinic.toml"')
    patients = table.text("patients") if table.has("patients") else None
    database = _database(table) if table.has("database") else None
    portal = sender = mail = gateway = files = None
    if table.has("portal"):
        portal = table.table("portal", _portal, 'write [portal], address = "https://…"')
    if table.has("sender"):
        sender = table.table("sender", _sender, 'write [sender], address = "…"')
    if table.has("mail"):
        mail = table.table("mail", _mail, 'write [mail], host = "…"')
    if table.has("text_messages"):
        gateway = table.table("text_messages", _gateway, 'write [text_messages], url = "…"')
    if table.has("files"):
        files = table.table("files", _files, 'write [files], folder = "…"')
    usual = Pauses()
    pauses = table.table("dispatcher", _pauses, "write [dispatcher]", default=usual)
    if not table.has("sender") and (table.has("mail") or table.has("files")):
        table.refuse("sender", "missing", 'say who writes: [sender], address = "…"')
    if not _finish(table):
        return None
    return Deployment(
        clinic=clinic,
        patients=patients,
        database=database,
        portal=portal,
        sender=sender,
        mail=mail,
        text_messages=gateway,
        files=files,
        pauses=pauses or usual,
    )


def _finish(table: TableReader) -> bool:
    """Finish a table; a secret in it is refused with the place where it belongs."""
    for key in sorted(_HIDDEN.keys() & table.data.keys()):
        table.refuse(key, "a secret has no place in a file", f"set {_HIDDEN[key]} instead")
    return table.finish()


def _visible(table: TableReader, key: str, remedy: str) -> str:
    """A text of visible ASCII characters, which is never repeated; empty if it is none."""
    value = table.text(key, remedy=remedy)
    if table.right(key) and not _VISIBLE.fullmatch(value):
        table.refuse(key, "holds a blank or a character outside ASCII", remedy)
    return value if table.right(key) else ""


def _database(table: TableReader) -> str:
    remedy = 'write database = "sqlite:///clinic.db", or set OMNIBOOK_DATABASE_URL'
    url = _visible(table, "database", remedy)
    if url and not url.startswith(_DATABASES):
        table.refuse("database", "is no database's URL", remedy)
    elif _PASSWORD.search(url):
        remedy = "leave it out, and set OMNIBOOK_DATABASE_URL"
        table.refuse("database", "a password has no place in a file", remedy)
    return url


def _is_host(text: str) -> bool:
    """Whether it is a name, or an address; one of IPv6 has colons, and nothing else does."""
    if ":" not in text:
        return _HOST.fullmatch(text) is not None
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(table: TableReader, key: str, *, bare: bool = False) -> str:
    """The address of a web page, under TLS unless it is on this machine."""
    remedy = 'write it as "https://booking.example.org"'
    text = _visible(table, key, remedy)
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        table.refuse(key, "is no address", remedy)
        return ""
    if parts.scheme not in {"https", "http"} or not _HOST.fullmatch(host):
        table.refuse(key, "is no address of a web page", remedy)
    elif "@" in parts.netloc:
        table.refuse(key, "a password has no place in a file", remedy)
    elif parts.scheme == "http" and not _is_loopback(host):
        table.refuse(key, "is not under TLS", f"{remedy}; http:// is for this machine only")
    elif bare and (parts.path.strip("/") or parts.query or parts.fragment):
        table.refuse(key, "goes on after the host", remedy)
    return text


def _portal(table: TableReader) -> PortalPlace | None:
    address = _address(table, "address", bare=True)
    proxies = table.each("trusted_proxies", _network, 'write trusted_proxies = ["10.0.0.0/8"]')
    header = table.known("proxy_header", _HEADERS, "x-forwarded-for")
    if not _finish(table):
        return None
    return PortalPlace(
        address=address.rstrip("/"), trusted_proxies=proxies, proxy_header=header.lower()
    )


def _network(table: TableReader, key: str) -> str:
    text = table.text(key)
    if table.right(key):
        try:
            everybody = ip_network(text).prefixlen == 0
        except ValueError:
            table.refuse(key, "is no address or network", 'write it as "10.0.0.0/8"')
        else:
            if everybody:
                table.refuse(key, "is every address there is", "name your own proxies only")
    return text


def _sender(table: TableReader) -> Sender | None:
    address = table.text("address")
    known = parse_email(address)
    if table.right("address") and (isinstance(known, Problem) or not address.isascii()):
        remedy = "give the address that patients may answer to"
        table.refuse("address", "is no e-mail address in ASCII", remedy)
    name = table.text("name", "")
    unsubscribe = None
    if table.has("unsubscribe"):
        unsubscribe = table.text("unsubscribe")
        if table.right("unsubscribe") and not _UNSUBSCRIBE.fullmatch(unsubscribe):
            table.refuse("unsubscribe", "is no address", 'write "mailto:…" or "https://…"')
    if not _finish(table):
        return None
    return Sender(address=address, name=name, unsubscribe=unsubscribe)


def _mail(table: TableReader) -> MailPlace | None:
    host = _visible(table, "host", 'write host = "smtp.example.org"')
    if host and not _is_host(host):
        table.refuse("host", "is no host", "give a name or an address; write port = … for a port")
    security = table.word("security", MailSecurity, MailSecurity.STARTTLS)
    if security is MailSecurity.NONE and table.right("host", "security") and not _is_loopback(host):
        remedy = "use starttls or tls; none is for this machine only"
        table.refuse("security", "e-mails would cross a network in the clear", remedy)
    port = table.whole("port", 1, 65_535, _PORTS[security])
    user = _visible(table, "user", "give the server's user") if table.has("user") else None
    if not _finish(table):
        return None
    return MailPlace(host=host, port=port, security=security, user=user)


def _gateway(table: TableReader) -> GatewayPlace | None:
    url = _address(table, "url")
    sender = table.text("sender", limit=40) if table.has("sender") else None
    return GatewayPlace(url=url, sender=sender) if _finish(table) else None


def _files(table: TableReader) -> str | None:
    folder = table.text("folder")
    return folder if _finish(table) else None


def _pauses(table: TableReader) -> Pauses | None:
    seconds = table.whole("pause_seconds", 1, 3600, 15)
    if not _finish(table):
        return None
    idle = timedelta(seconds=seconds)
    return Pauses(idle=idle, longest=max(idle, Pauses().longest))

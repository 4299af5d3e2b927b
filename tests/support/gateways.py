"""A text-message gateway on loopback, which misbehaves when it is told to."""

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from attrs import frozen

DROP = "drop"
"""Close the line instead of answering."""
HANG = "hang"
"""Never answer."""
ENDLESS = "endless"
"""Answer with a header that never ends."""


@frozen
class Received:
    """A request that came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Gateway:
    """An HTTP server on a port of its own; a context, that starts and stops it.

    ``answer`` is the status that it gives, or one of the constants above; ``said`` its body.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answer: int | str = 202
        self.said = b"{}"
        self.received: list[Received] = []
        self.came = threading.Event()
        self.stopping = threading.Event()
        self._server = _Server(self)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        scheme, host = ("http", "127.0.0.1") if tls is None else ("https", "localhost")
        self.port: int = self._server.server_address[1]
        self.url = f"{scheme}://{host}:{self.port}/messages"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up is no fault of the server."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        gateway = self.server.gateway
        text = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        gateway.received.append(Received(self.path, headers, json.loads(text)))
        gateway.came.set()
        self.close_connection = True
        if gateway.answer == DROP:
            return
        if gateway.answer == HANG:
            gateway.stopping.wait()
            return
        if gateway.answer == ENDLESS:
            while not gateway.stopping.is_set():
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return
        self.send_response(int(gateway.answer))
        self.send_header("Location", "https://other.example.org/")
        self.send_header("Retry-After", "120")
        self.send_header("Content-Length", str(len(gateway.said)))
        self.end_headers()
        self.wfile.write(gateway.said)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Into the void."""

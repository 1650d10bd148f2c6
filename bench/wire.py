"""HTTP over connections that stay, from sockets alone, so that the client costs next to nothing."""

import json
import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Ask = Callable[[], bytes]  # makes the next request


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server answers SCIM, and the token that it wants."""

    port: int
    path: str
    token: str

    def request(self, method: str, path: str, body: Any = None) -> bytes:
        """A whole request, ready to be sent."""
        sent = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        kind = f"Content-Type: application/scim+json\r\nContent-Length: {len(sent)}\r\n"
        head = (
            f"{method} {self.path}{path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: Bearer {self.token}\r\nAccept: application/scim+json\r\n"
            f"{kind if sent else ''}\r\n"
        )
        return head.encode() + sent


class Wire:
    """One connection; opened again where the server ends it."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._socket: socket.socket | None = None
        self._rest = b""

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """(status, body) of the answer to a request."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.address.port), 120)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._rest = b""
        self._socket.sendall(request)
        head = self._until(b"\r\n\r\n").lower()
        status = int(head[9:12])
        body = b"" if status in (204, 304) else self._body(head)
        if b"connection: close" in head or head.startswith(b"http/1.0"):
            self.close()
        return status, body

    def json(self, method: str, path: str, body: Any = None) -> Any:
        """The answer to one request that must succeed, as JSON."""
        status, text = self.ask(self.address.request(method, path, body))
        if status >= 300:
            raise RuntimeError(f"{method} {path[:200]}: {status} {text[:500]!r}")
        return json.loads(text) if text else None

    def close(self) -> None:
        """End the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _body(self, head: bytes) -> bytes:
        place = head.find(b"content-length:")
        if place >= 0:
            return self._exactly(int(head[place + 15 : head.find(b"\r", place)]))
        parts = []
        while size := int(self._until(b"\r\n"), 16):  # chunked
            parts.append(self._exactly(size))
            self._until(b"\r\n")
        self._until(b"\r\n")
        return b"".join(parts)

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._rest:
            self._receive()
        found, _, self._rest = self._rest.partition(mark)
        return found + b"\r"

    def _exactly(self, size: int) -> bytes:
        while len(self._rest) < size:
            self._receive()
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def _receive(self) -> None:
        assert self._socket is not None
        more = self._socket.recv(1 << 20)
        if not more:
            raise ConnectionError("the server ended the connection in the middle of an answer")
        self._rest += more


def rate(address: Address, asks: Sequence[Ask], seconds: float) -> float:
    """Answers a second, on one connection for each of `asks`, all at once.

    Raises RuntimeError where an answer is no success.
    """
    counts = [0] * len(asks)
    failures: list[str] = []
    begun = time.perf_counter()

    def work(place: int) -> None:
        wire = Wire(address)
        try:
            while time.perf_counter() - begun < seconds:
                status, body = wire.ask(asks[place]())
                if status >= 300:
                    raise RuntimeError(f"{status} {body[:300]!r}")  # noqa: TRY301
                counts[place] += 1
        except (OSError, RuntimeError, ValueError) as error:
            failures.append(str(error))
        finally:
            wire.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(len(asks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    if failures:
        raise RuntimeError(failures[0])
    return sum(counts) / took


def ceiling(seconds: float = 1.0) -> float:
    """Requests a second that this client makes of a server that only ever says the same."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        server = multiprocessing.get_context("fork").Process(target=_parrot, args=(listening,))
        server.start()
        address = Address(port, "", "")
        try:
            return rate(address, [lambda: address.request("GET", "/")], seconds)
        finally:
            server.terminate()
            server.join()


def _parrot(listening: socket.socket) -> None:
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n" + b"x" * 600
    while True:
        heard, _ = listening.accept()
        with heard:
            while heard.recv(65536):
                heard.sendall(said)

"""A small mail server that speaks SMTP on a real socket, and can refuse or dawdle."""

import socketserver
import threading
from email import message_from_bytes
from email.message import Message
from types import TracebackType


class PostOffice:
    """Receives what is sent; with `refuse` nothing; after `stop_after` messages it hangs."""

    def __init__(self, *, refuse: bool = False, stop_after: int | None = None) -> None:
        self.refuse = refuse
        self.stop_after = stop_after
        self.received: list[Message] = []
        self.hanging = threading.Event()
        self.closing = threading.Event()
        office = self

        class Clerk(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                office.serve(self)

        class Counter(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self.counter = Counter(("127.0.0.1", 0), Clerk)
        self.url = f"smtp://127.0.0.1:{self.counter.server_address[1]}"

    def __enter__(self) -> "PostOffice":
        threading.Thread(target=self.counter.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self.counter.shutdown()
        self.counter.server_close()

    def serve(self, clerk: socketserver.StreamRequestHandler) -> None:
        """One conversation (RFC 5321)."""
        clerk.wfile.write(b"220 post office\r\n")
        while line := clerk.rfile.readline():
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"MAIL" and self.refuse:
                clerk.wfile.write(b"451 not today\r\n")
            elif verb == b"DATA":
                clerk.wfile.write(b"354 go on\r\n")
                if not self.take(clerk):
                    return
                clerk.wfile.write(b"250 taken\r\n")
            elif verb == b"QUIT":
                clerk.wfile.write(b"221 bye\r\n")
                return
            else:
                clerk.wfile.write(b"250 ok\r\n")

    def take(self, clerk: socketserver.StreamRequestHandler) -> bool:
        """Read a message; False where it was read but will never be acknowledged."""
        lines = []
        while (line := clerk.rfile.readline()) and line != b".\r\n":
            lines.append(line)
        if self.stop_after is not None and len(self.received) >= self.stop_after:
            self.hanging.set()
            self.closing.wait(60)
            return False
        self.received.append(message_from_bytes(b"".join(lines)))
        return True

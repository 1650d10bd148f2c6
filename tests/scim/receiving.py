"""A receiver of Security Event Tokens on a real port, and a check by another's code."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from idp import jobs
from idp.extensions import db
from tests.scim.conftest import Scim


@dataclass
class Receiver:
    """What was received; `answers` are given first, then 202."""

    url: str = ""
    answers: list[tuple[int, dict[str, str], str]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def __call__(self, environ: Any, start: Any) -> Any:
        request = Request(environ)
        self.requests.append(request)
        self.tokens.append(request.get_data(as_text=True))
        status, headers, body = self.answers.pop(0) if self.answers else (202, {}, "")
        return Response(body, status, headers)(environ, start)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver that takes everything until told otherwise."""
    made = Receiver()
    server = make_server("127.0.0.1", 0, made, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.port}/events"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def read(scim: Scim, stream_id: str, token: str) -> dict[str, Any]:
    """The claims of a token, checked by joserfc with the stream's published keys."""
    published = scim.client.get(f"/scim/v2/Feeds/{stream_id}/jwks.json").json
    checked = jwt.decode(token, KeySet.import_key_set(published), algorithms=["ES256"])
    assert checked.header["typ"] == "secevent+jwt"
    return dict(checked.claims)


def work(app: Flask) -> None:
    """Let the workers do what is due."""
    db.session.rollback()
    jobs.run(app, once=True)
    db.session.rollback()


def short(claims: dict[str, Any]) -> tuple[str, ...]:
    """A token's events without their prefix."""
    return tuple(
        sorted(uri.removeprefix("urn:ietf:params:scim:event:") for uri in claims["events"])
    )

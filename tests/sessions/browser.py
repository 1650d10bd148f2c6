"""A browser at some address: signs in, comes back with its cookie, follows a link."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, g

from idp import sessions
from idp.directory.actors import Actor
from idp.extensions import db
from idp.sessions import SignIn
from tests.cast import PASSWORD

HOME = "198.51.100.7"


@contextmanager
def browser(app: Flask, cookie: str = "", address: str = HOME) -> Iterator[None]:
    """A request of this browser is in hand, and knows nothing of those before it."""
    with app.test_request_context(
        "/",
        headers={"Cookie": f"chamberlain={cookie}", "User-Agent": "Lynx/2.9"},
        environ_base={"REMOTE_ADDR": address},
    ):
        g.pop(
            "actor", None
        )  # of the request before, for the tests keep one context of the app open
        db.session.rollback()
        yield


def sign_in(app: Flask, name: str, password: str = PASSWORD, address: str = HOME) -> SignIn:
    """Sign in by name and password."""
    with browser(app, address=address):
        return sessions.sign_in(name, password)


def redeem(app: Flask, token: str, password: str | None = None) -> SignIn:
    """Follow a one-time link."""
    with browser(app):
        return sessions.redeem(token, password)


def who(app: Flask, cookie: str) -> Actor | None:
    """Whom the server takes the browser with this cookie for."""
    with browser(app, cookie):
        return sessions.current_actor()

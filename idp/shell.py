"""The Flask application as this product needs it: no work per request that nobody asked for."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin


class _FormSession(SecureCookieSessionInterface):
    """Flask's signed cookie, which guards forms: who brings none and needs none pays nothing."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if "HTTP_COOKIE" not in request.environ:
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if session.accessed or session.modified:
            super().save_session(app, session, response)


class Shell(Flask):
    """Flask without what we do not use."""

    session_interface = _FormSession()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Nothing here is a coroutine, so nothing needs to be looked at for being one."""
        return func

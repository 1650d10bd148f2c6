"""Structured logs: one JSON object a line, each with the request's id, never with a secret.

Only methods, paths, outcomes and codes are logged; bodies, queries, cookies, tokens and names of
people are not. The audit is where people's names belong.
"""

import logging
import re
import sys
import time
from typing import Any

import structlog
from flask import Flask, Response, g, request

from idp.clock import new_id

_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_SECRET_PATH = re.compile(r"/(invite|resume|setup)/[^/]+")
log = structlog.get_logger("chamberlain")
_beneath = logging.getLogger("chamberlain")


def configure(level: str) -> None:
    """Send everything, the libraries' logs too, to stderr as JSON."""
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*processors, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=structlog.processors.JSONRenderer(), foreign_pre_chain=processors
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("saml2", "alembic", "werkzeug", "sqlalchemy.engine"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def bind(app: Flask) -> None:
    """Give each request an id and each answer a line in the log."""

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _SAFE_ID.fullmatch(given) else new_id()
        g.begun = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def end(answer: Response) -> Response:
        answer.headers["X-Request-Id"] = g.get("request_id", "")
        if not _beneath.isEnabledFor(logging.INFO):  # before the line is made, not after
            return answer
        milliseconds = round((time.perf_counter() - g.get("begun", time.perf_counter())) * 1000, 1)
        log.info(
            "request",
            method=request.method,
            path=_SECRET_PATH.sub(r"/\1/…", request.path),
            status=answer.status_code,
            ms=milliseconds,
        )
        return answer


def request_id() -> str:
    """The id of the request in hand, which error pages show and answers carry."""
    return str(g.get("request_id", ""))

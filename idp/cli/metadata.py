"""A partner's metadata, from a file or an address that the operator names.

Over the network only by https, or by plain http from this very machine; never from another host
than the one named, and bounded in size and time.
"""

import time
import urllib.request
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO
from urllib.error import URLError
from urllib.parse import SplitResult, urlsplit

import click

LIMIT = 1024 * 1024
SECONDS = 10.0
CHUNK = 64 * 1024
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def read(source: str) -> bytes:
    """The metadata at a path or an https address."""
    data = _fetch(source) if "://" in source else _read_file(Path(source))
    if len(data) > LIMIT:
        raise click.ClickException(f"{source} is larger than 1 MiB; one partner's metadata is not.")
    return data


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LIMIT + 1)
    except OSError as error:
        raise click.ClickException(f"Cannot read {path}: {error.strerror}.") from error


def _fetch(url: str) -> bytes:
    parts = _checked(url)
    try:
        with _opener(parts).open(url, timeout=SECONDS) as answer:
            return _body(url, answer)
    except (URLError, HTTPException, OSError) as error:
        cause = getattr(error, "reason", None) or error
        raise click.ClickException(f"Cannot fetch {url}: {cause}.") from error


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        here = parts.scheme == "http" and parts.hostname in LOOPBACK
        if parts.hostname and (parts.scheme == "https" or here):
            return parts
    except ValueError:
        pass
    raise click.BadParameter(
        "an address must begin with https:// (or http:// on this machine).",
        param_hint="--metadata",
    )


def _opener(parts: SplitResult) -> urllib.request.OpenerDirector:
    """Proxies are for other machines' addresses."""
    handlers: list[urllib.request.BaseHandler] = [_SameHost()]
    if parts.hostname in LOOPBACK:
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


def _body(url: str, answer: HTTPResponse) -> bytes:
    """The whole answer. The timeout of the socket alone would let a slow sender drip for ever."""
    deadline = time.monotonic() + SECONDS
    data = b""
    while len(data) <= LIMIT:
        chunk = answer.read1(CHUNK)
        if not chunk:
            return data
        data += chunk
        if time.monotonic() > deadline:
            raise click.ClickException(f"{url} did not answer within {SECONDS:.0f} seconds.")
    return data


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows redirects within the host that was named, and not from https to http."""

    def redirect_request(  # noqa: PLR0917  the signature is urllib's
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        if (before.scheme, before.netloc) != (after.scheme, after.netloc):
            raise click.ClickException(
                f"{req.full_url} leads to {newurl}; give that address if it is the right one."
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)

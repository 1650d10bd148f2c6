"""The one place for HTTP to the outside: applications we provision, partners' metadata.

An address that an administrator types is hostile input: it may lead to this machine, to a private
network, or to a cloud's metadata service. So: https alone; the name is looked up once, each of its
addresses is judged, and the connection goes to the one that was judged (a name that changes its
mind between look and use changes nothing); no redirects, no proxies, no cookies; bounds on time
and size. `CHAMBERLAIN_OUTGOING_ALLOW` lets named hosts and networks be reached all the same.

    with Session("https://app.example/scim/v2", settings) as session:
        answer = session.send("GET", url)       raises Unreached
"""

import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool, Timeout
from urllib3.exceptions import HTTPError, SSLError, TimeoutError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0  # between two packets; the whole answer has twice that
SIZE_LIMIT = 16 * 1024 * 1024
CHUNK = 64 * 1024
# They carry an IPv4 address inside, which may be a private one: NAT64, 6to4, and IPv4-compatible
# addresses (RFC 4291 §2.5.5.1).
_TRANSLATED = tuple(
    map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "::/96"))
)


def _user_agent() -> str:
    try:
        return f"Chamberlain/{version('chamberlain')}"
    except PackageNotFoundError:  # run from its sources
        return "Chamberlain"


USER_AGENT = _user_agent()


class Unreached(Exception):
    """No answer was had. `sentence` is for administrators, `cause` for the log alone.

    `code` is one of address_refused, name_unknown, timed_out, tls_failed, connection_failed,
    answer_too_large, redirected.
    """

    def __init__(self, code: str, sentence: str, cause: str = "") -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; raises ValueError where it is none."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Allowed:
    """Who may be reached by plain http and at private addresses: hosts with a port, networks."""

    hosts: frozenset[tuple[str, int | None]] = frozenset()
    networks: tuple[Network, ...] = ()

    def names(self, host: str, port: int) -> bool:
        """Whether a host is named, for this port or for all."""
        return (host, port) in self.hosts or (host, None) in self.hosts

    def holds(self, address: Address) -> bool:
        """Whether a network that is allowed holds an address."""
        return any(address in network for network in self.networks)


def read_allowed(text: str) -> Allowed:
    """`host`, `host:port`, `network/length`, separated by commas. Raises ValueError."""
    hosts: set[tuple[str, int | None]] = set()
    networks: list[Network] = []
    for word in filter(None, (part.strip().lower() for part in text.split(","))):
        if "/" in word:
            networks.append(ipaddress.ip_network(word))
            continue
        parts = urlsplit(f"//{word}")
        if not parts.hostname or parts.username or parts.path:
            raise ValueError(f"{word!r} is no host, host:port or network")
        hosts.add((parts.hostname, parts.port))
    return Allowed(frozenset(hosts), tuple(networks))


def check_url(url: str, allowed: Allowed) -> SplitResult:
    """The parts of an address that may be asked, as far as its text tells. Raises Unreached."""
    try:
        parts = urlsplit(url)
        port = _port(parts)
    except ValueError as error:
        raise Unreached("address_refused", "This is no web address.", repr(error)) from None
    if not parts.hostname or parts.username or parts.password or parts.fragment:
        raise Unreached("address_refused", "Give an address such as https://app.example/scim/v2.")
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise Unreached("address_refused", "The address holds signs that no web address has.")
    if parts.scheme == "https":
        return parts
    if parts.scheme == "http" and _may_be_plain(parts.hostname, port, allowed):
        return parts
    raise Unreached("address_refused", "The address must begin with https://.")


def check_literal(url: str, allowed: Allowed) -> None:
    """`check_url`, and an IP address that is written out is judged at once. Raises Unreached.

    No name is looked up: what a name leads to is judged when it is used, each time.
    """
    parts = check_url(url, allowed)
    host = parts.hostname or ""
    literal = _literal(host)
    if literal is not None:
        _judged([literal], host, _port(parts), allowed)


def _literal(host: str) -> Address | None:
    """The address that a host spells; also as the resolver reads 0x7f.1 or 2130706433."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def origin_of(url: str) -> tuple[str, str, int]:
    """(scheme, host, port) of an address, the port of its scheme where none is named.

    Raises ValueError where it is no address.
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", _port(parts)


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _may_be_plain(host: str, port: int, allowed: Allowed) -> bool:
    if allowed.names(host, port):
        return True
    try:
        return allowed.holds(ipaddress.ip_address(host))
    except ValueError:
        return False


class Session:
    """One origin, one connection that is kept; addresses are judged when it is opened."""

    def __init__(self, base_url: str, allowed: Allowed) -> None:
        self.parts = check_url(base_url, allowed)
        self.allowed = allowed
        self.origin = (self.parts.scheme, self.parts.hostname, _port(self.parts))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection, where there is one."""
        if "_pool" in self.__dict__:
            self._pool.close()

    @cached_property
    def _pool(self) -> HTTPConnectionPool:
        scheme, host, port = self.origin
        assert host is not None  # noqa: S101  check_url refused it
        address = str(_judged(_addresses(host, port), host, port, self.allowed))
        timeout = Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
        if scheme == "http":
            return HTTPConnectionPool(address, port, timeout=timeout, retries=False)
        return HTTPSConnectionPool(  # to the address that was judged, as the host that was named
            address,
            port,
            timeout=timeout,
            retries=False,
            server_hostname=host,
            assert_hostname=host,
            ssl_context=ssl.create_default_context(),
        )

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Send one request to this origin and read its whole answer. Raises Unreached."""
        parts = check_url(url, self.allowed)
        if (parts.scheme, parts.hostname, _port(parts)) != self.origin:
            raise Unreached("redirected", "The other side led to another server.", url)
        target = parts.path or "/"
        if parts.query:
            target += f"?{parts.query}"
        sent = {"Host": parts.netloc, "User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
        try:
            return self._ask(method, target, sent | dict(headers or {}), body)
        except TimeoutError as error:
            raise Unreached(
                "timed_out", "The other side did not answer in time.", repr(error)
            ) from None
        except SSLError as error:
            sentence = "The other side’s certificate is not valid for its name."
            raise Unreached("tls_failed", sentence, repr(error)) from None
        except (HTTPError, OSError) as error:
            sentence = "The connection could not be made, or broke off."
            raise Unreached("connection_failed", sentence, repr(error)) from None

    def _ask(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        answer = self._pool.urlopen(
            method,
            target,
            body=body,
            headers=dict(headers),
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
        try:
            content = _content(answer)  # type: ignore[arg-type]
        except BaseException:
            answer.close()
            raise
        answer.release_conn()
        if 300 <= answer.status < 400 and answer.status != 304:
            raise Unreached("redirected", "The other side led to another address; give that one.")
        return Answer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, content)


def _content(answer: HTTPResponse) -> bytes:
    """The body, within bounds of size and time: who drips a byte at a time is not waited for."""
    read, size, deadline = [], 0, time.monotonic() + 2 * READ_SECONDS
    while chunk := answer.read1(CHUNK, decode_content=False):
        size += len(chunk)
        if size > SIZE_LIMIT:
            raise Unreached("answer_too_large", "The other side’s answer is too large to read.")
        if time.monotonic() > deadline:
            raise Unreached("timed_out", "The other side did not answer in time.")
        read.append(chunk)
    return b"".join(read)


def _addresses(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        sentence = f"There is no address for the name {host}."
        raise Unreached("name_unknown", sentence, repr(error)) from None
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _judged(addresses: Iterable[Address], host: str, port: int, allowed: Allowed) -> Address:
    """The first address, if all of them may be reached: a name that mixes them is not trusted."""
    listed = list(addresses)
    if not listed:
        raise Unreached("name_unknown", f"There is no address for the name {host}.")
    for address in listed:
        if not (allowed.names(host, port) or allowed.holds(address) or is_public(address)):
            raise Unreached(
                "address_refused",
                f"{host} is in a private network. An operator can allow it by "
                "CHAMBERLAIN_OUTGOING_ALLOW.",
                str(address),
            )
    return listed[0]


def is_public(address: Address) -> bool:
    """Whether an address is one of the open internet, and hides none that is not."""
    if isinstance(address, ipaddress.IPv6Address):
        inside = address.ipv4_mapped
        if inside is not None:
            return is_public(inside)
        if any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast

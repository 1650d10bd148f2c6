"""Can browsers reach us, can we reach the mail server: the doctor's looks at the network."""

import ipaddress
import smtplib
import socket
import ssl
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlsplit

from idp.clock import now
from idp.config import Settings

SECONDS = 5
RENEW = timedelta(days=14)


def public_url(settings: Settings) -> tuple[str, str]:
    """Whether the address that others are told is found, and safe to sign in at."""
    url = settings.public_url
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not settings.secure:
        if _loopback(host):
            return f"{url}, for this machine alone", ""
        return (
            f"{url} carries passwords in the clear",
            "Put TLS in front (a reverse proxy) and set CHAMBERLAIN_PUBLIC_URL to https://…",
        )
    try:
        ends = _certificate_ends(host, parts.port or 443)
    except (OSError, ValueError) as error:
        return (
            f"{url} is not reached from here ({error})",
            "See to its name in DNS, to the proxy in front and to its certificate.",
        )
    if ends - now() < RENEW:
        return f"the certificate of {url} ends on {ends:%F}", "Renew it."
    return f"{url}, its certificate holds until {ends:%F}", ""


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _certificate_ends(host: str, port: int) -> datetime:
    """When the certificate ends; raises where nobody answers, or with one that is not trusted."""
    context = ssl.create_default_context()
    with (
        socket.create_connection((host, port), SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        certificate = secured.getpeercert() or {}
        seconds = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
        return datetime.fromtimestamp(seconds, UTC)


def mail_server(settings: Settings) -> tuple[str, str]:
    """Whether mail can leave: the server answers and knows us. Nothing is sent."""
    if not settings.smtp_url:
        return "no server is set: one-time links are shown, to be handed on by hand", ""
    parts = urlsplit(settings.smtp_url)
    where = f"{parts.hostname}:{parts.port or (465 if parts.scheme == 'smtps' else 587)}"
    try:
        _greet(settings)
    except (OSError, smtplib.SMTPException) as error:
        return f"{where} does not take our mail ({error})", "Correct CHAMBERLAIN_SMTP_URL."
    return where, ""


def _greet(settings: Settings) -> None:
    """As `idp.mail` does before it sends."""
    parts = urlsplit(settings.smtp_url)
    host, secure = parts.hostname or "", ssl.create_default_context()
    with (
        smtplib.SMTP_SSL(host, parts.port or 465, timeout=SECONDS, context=secure)
        if parts.scheme == "smtps"
        else smtplib.SMTP(host, parts.port or 587, timeout=SECONDS)
    ) as server:
        if parts.scheme == "smtp" and not _loopback(host):
            server.starttls(context=secure)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.noop()

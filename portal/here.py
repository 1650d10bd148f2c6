"""Whether a browser came by the address that the operator has set.

Under another name cookies and links would not work: signing in would fail without a word. So the
pages of set-up and sign-in say what was expected and what came. Names of this machine itself pass
for each other, and the demo takes any.
"""

import ipaddress
from urllib.parse import urlsplit

from flask import Response, request

from idp import sessions
from portal.frame import alone

_PORTS = {"https": 443, "http": 80}


def elsewhere() -> Response | None:
    """The page that says so, where the browser came by another name; else None."""
    settings = sessions.settings()
    if settings.demo or _same(settings.public_url, request.host):
        return None
    return alone("setup/elsewhere.html", 421, expected=settings.public_url, received=request.host)


def _same(public_url: str, host: str) -> bool:
    wanted = urlsplit(public_url)
    try:
        came = urlsplit(f"//{host}")
        port = came.port
    except ValueError:
        return False
    if is_this_machine(wanted.hostname or "") and is_this_machine(came.hostname or ""):
        return True
    # Without a port, the one of the scheme is meant: behind a proxy, the public one.
    default = _PORTS[wanted.scheme]
    return (wanted.hostname, wanted.port or default) == (came.hostname, port or default)


def is_this_machine(name: str) -> bool:
    """Whether a host name means the machine itself."""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")

"""Every address and method of the SCIM door, in one table; and the shell around each request.

The shell knows who calls, what may be sent, and how an error looks; in this order: `limits` finds
out who calls and whether not too often, a handler answers, `journal` writes down what came of it.
Addresses take every method and refuse the wrong ones themselves, so that a 404 or 405 is SCIM JSON
too (RFC 7644 §3.12).
"""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

from flask import Blueprint, Flask, Response, g, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_accept_header

from idp.directory.errors import DirectoryError
from idp.extensions import csrf
from scim import (
    bulk,
    discovery,
    errors,
    everything,
    journal,
    licenses,
    limits,
    outbound,
    quarantine,
    resources,
)
from scim.answers import Answer
from scim.call import Call, base_url, read_body
from scim.errors import ScimError
from scim.events import polling
from scim.groups import GROUPS
from scim.listing import dump
from scim.reading import MAX_BODY
from scim.users import USERS

MEDIA_TYPE = "application/scim+json"
_EVERY_METHOD = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

WITH_BODY = frozenset({"POST", "PUT", "PATCH"})

Handler = Callable[..., Answer]


def _of(kind: resources.Kind) -> dict[str, dict[str, Handler]]:
    place = kind.place
    return {
        f"/{place}": {
            "GET": partial(resources.listed, kind),
            "POST": partial(resources.created, kind),
        },
        f"/{place}/.search": {"POST": partial(resources.searched, kind)},
        f"/{place}/<resource_id>": {
            "GET": partial(resources.shown, kind),
            "PUT": partial(resources.replaced, kind),
            "PATCH": partial(resources.changed, kind),
            "DELETE": partial(resources.deleted, kind),
        },
    }


def _nobody(_call: Call) -> Answer:
    """/Me is whoever is authenticated; a connection's token stands for no person (§3.11: 501)."""
    raise ScimError(
        501,
        "/Me is not offered: a connection's token stands for a system, and no person is behind it. "
        'Find people by /Users?filter=userName eq "…" and use /Users/{id}.',
    )


def _nothing(_call: Call, **_path: str) -> Answer:
    raise ScimError(404, "There is nothing at this address.")


ROUTES: dict[str, Mapping[str, Handler]] = {
    **_of(USERS),
    **_of(GROUPS),
    "/Licenses": {"GET": licenses.listed},
    "/Licenses/.search": {"POST": licenses.searched},
    "/Licenses/<part_number>": {"GET": licenses.one},
    "/ServiceProviderConfig": {"GET": discovery.config},
    "/ResourceTypes": {"GET": discovery.list_resource_types},
    "/ResourceTypes/<name>": {"GET": discovery.one_resource_type},
    "/Schemas": {"GET": discovery.list_schemas},
    "/Schemas/<path:urn>": {"GET": discovery.one_schema},
    "/Feeds/<stream_id>": {"POST": polling.polled},
    "/Feeds/<stream_id>/jwks.json": {"GET": polling.keys},
    "/Me": dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), _nobody),
    "/Bulk": {"POST": bulk.worked_off},
    "/.search": {"POST": everything.searched},
    "/": {"GET": everything.listed},
    "/<path:rest>": dict.fromkeys(_EVERY_METHOD, _nothing),
}
LARGEST = {"/Bulk": bulk.MAX_PAYLOAD}  # bytes of a body; everywhere else MAX_BODY
# RFC 7643 §5: how to authenticate should be readable before one can; public keys by anybody.
PUBLIC: Mapping[str, Callable[..., Answer]] = {
    "/ServiceProviderConfig": discovery.public_config,
    "/Feeds/<stream_id>/jwks.json": polling.public_keys,
}

blueprint = Blueprint("scim", __name__, url_prefix="/scim/v2")
csrf.exempt(blueprint)  # no cookie is ever looked at here


def _serve(rule: str, path: Mapping[str, Any]) -> Answer:
    header = request.headers.get("Authorization")
    if header is None and rule in PUBLIC and request.method in ("GET", "HEAD"):
        return PUBLIC[rule](base_url(), **path)
    caller = limits.identify(header, g.get("request_id", ""))
    visit = journal.begin(caller, rule, path)
    limits.admit(caller)
    handle = handler_of(rule, request.method)
    quarantine.check(caller, rule, request.method)
    body = read_body(LARGEST.get(rule, MAX_BODY)) if request.method in WITH_BODY else {}
    call = visit.call = Call(caller, request.args, request.headers, body, base_url())
    try:
        return handle(call, **path)
    finally:
        call.log_notes()


def handler_of(rule: str, method: str) -> Handler:
    """What answers a method at an address. Raises ScimError 405."""
    handlers = ROUTES[rule]
    handler = handlers.get("GET" if method == "HEAD" else method)
    if handler is None:
        allowed = ", ".join(sorted(handlers))
        detail = f"{method} is not possible here. Possible: {allowed}."
        raise ScimError(405, detail, headers={"Allow": allowed})
    return handler


def _answered(rule: str, **path: Any) -> Response:
    try:
        return _response(_serve(rule, path))
    except ScimError as refused:
        return _refused(refused)


def answer_refusal(error: DirectoryError) -> Response:
    """The answer to a refusal from below the doors."""
    return _refused(errors.from_directory(error))


def answer_http_error(error: HTTPException) -> Response:
    """The answer to what Flask or the server refused around our code."""
    return _refused(errors.from_http(error))


def answer_failure() -> Response:
    """The answer when the server itself failed."""
    return _refused(errors.internal())


def _refused(error: ScimError) -> Response:
    journal.refused(error)
    return _response(Answer(error.status, dump(error.body()), error.headers))


def _response(answer: Answer) -> Response:
    headers = [("Cache-Control", "no-store"), *answer.headers.items()]
    if answer.text:
        headers.append(("Content-Type", _media_type(request.headers.get("Accept", ""))))
    response = Response(answer.text, answer.status, headers)
    if not answer.text:
        del response.headers["Content-Type"]
    return response


@lru_cache(maxsize=256)
def _media_type(accept: str) -> str:
    """OneLogin asks for application/json; whoever does not gets SCIM's own type (§3.1)."""
    accepted = parse_accept_header(accept, MIMEAccept)
    plain = accepted["application/json"] > accepted[MEDIA_TYPE]
    return f"{'application/json' if plain else MEDIA_TYPE}; charset=utf-8"


for _rule in ROUTES:
    blueprint.add_url_rule(
        _rule,
        endpoint=_rule.strip("/").replace("/", "-").replace(".", "_") or "root",
        view_func=partial(_answered, _rule),
        methods=_EVERY_METHOD,
        provide_automatic_options=False,
        strict_slashes=False,
    )


blueprint.after_request(journal.end)
OUTBOUND = "chamberlain.outbound"  # by this name the portal finds what it may not import


def bind(app: Flask) -> None:
    """Open this door in an application."""
    limits.bind(app)
    journal.bind(app)
    app.register_blueprint(blueprint)
    app.extensions[OUTBOUND] = outbound

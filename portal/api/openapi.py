"""The description of the interface (OpenAPI 3.1), from the table of addresses and the models."""

import re
from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import models_json_schema

from idp.directory.api_scopes import SCOPES
from idp.sessions import settings
from portal.api import models
from portal.api.odata import MOST, USUAL
from portal.api.operation import Operation

Json = dict[str, Any]
_PLACE = re.compile(r"<(\w+)>")
_REF = "#/components/schemas/{model}"
_REFUSALS = {
    "400": "What was sent cannot be accepted.",
    "401": "There is no access token, or it opens nothing.",
    "403": "The token has none of the scopes that this needs.",
    "404": "There is no such thing in this organization.",
    "409": "It contradicts what is there; the code says why.",
    "429": "Too many requests; Retry-After says when.",
}


def document(operations: Iterable[Operation]) -> Json:
    """The whole description."""
    listed = list(operations)
    paths: Json = {}
    for one in listed:
        place = _PLACE.sub(r"{\1}", one.url)
        paths.setdefault(place, {})[one.verb.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Chamberlain: licences, subscriptions, invoices",
            "version": "1.0",
            "description": "In the shape of Microsoft Graph. docs/automation.md says how to begin.",
        },
        "servers": [{"url": f"{settings().public_url}/api"}],
        "paths": paths,
        "components": {"schemas": _schemas(listed), "securitySchemes": {"oauth": _security()}},
    }


def _operation(one: Operation) -> Json:
    made: Json = {
        "operationId": one.name,
        "summary": _first(one.view.__doc__),
        "parameters": [*_places(one), *_options(one)],
        "responses": {"200": _content("As asked.", _answer(one))}
        | {status: _content(words, _ref(models.Error)) for status, words in _REFUSALS.items()},
        # One of these is enough.
        "security": [{"oauth": [scope]} for scope in one.scopes],
    }
    if one.body is not None:
        made["requestBody"] = {"required": True} | _content("", _ref(one.body))
        del made["requestBody"]["description"]
    return made


def _first(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def _places(one: Operation) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PLACE.findall(one.url)
    ]


def _options(one: Operation) -> list[Json]:
    made = [_query("$select", f"Properties, joined by commas: {', '.join(one.names)}.")]
    if one.many:
        top = {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL}
        made.append(_query("$top", "How many at once.") | {"schema": top})
        made.append(_query("$skiptoken", "From @odata.nextLink."))
    if one.filters:
        names = ", ".join(one.filters)
        made.append(_query("$filter", f"name eq 'value', joined by and; names: {names}."))
    return made


def _query(name: str, words: str) -> Json:
    return {"name": name, "in": "query", "description": words, "schema": {"type": "string"}}


def _answer(one: Operation) -> Json:
    if not one.many:
        return _ref(one.answer)
    return {
        "type": "object",
        "required": ["value"],
        "properties": {
            "value": {"type": "array", "items": _ref(one.answer)},
            "@odata.nextLink": {"type": "string", "format": "uri"},
        },
        "additionalProperties": False,
    }


def _content(words: str, schema: Json) -> Json:
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _ref(model: type[Any]) -> Json:
    return {"$ref": _REF.format(model=model.__name__)}


def _schemas(operations: Iterable[Operation]) -> Json:
    answered = {one.answer for one in operations} | {models.Error}
    taken = {one.body for one in operations if one.body is not None}
    wanted = [(model, "serialization") for model in answered]
    wanted += [(model, "validation") for model in taken]  # type: ignore[misc]
    by_name = sorted(wanted, key=lambda pair: pair[0].__name__)
    _, made = models_json_schema(by_name, ref_template=_REF)  # type: ignore[arg-type]
    schemas: Json = made["$defs"]
    return schemas


def _security() -> Json:
    words = {scope: ", ".join(sorted(permits)) for scope, permits in SCOPES.items()}
    url = f"{settings().public_url}/oidc/{{organization}}/token"
    return {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": url, "scopes": words}}}

"""Whether an answer is as the description says: by the part of JSON Schema that this uses."""

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

_TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
    "null": type(None),
}
_KNOWN = frozenset(
    (
        "$ref",
        "additionalProperties",
        "anyOf",
        "default",
        "description",
        "format",
        "items",
        "maxItems",
        "maxLength",
        "properties",
        "required",
        "title",
        "type",
    )
)


def fits(client: FlaskClient, method: str, path: str, answer: TestResponse) -> None:
    """Refuse an answer that the description does not foresee."""
    document = client.get("/api/openapi.json").json
    operation = _operation(document, method, path.partition("?")[0])
    if operation is None:
        assert answer.status_code in (404, 405)
        return
    said = operation["responses"].get(str(answer.status_code))
    assert said is not None, f"{answer.status_code} is not described: {answer.text}"
    if "$select" in path:  # then all but what was selected is missing
        for model in document["components"]["schemas"].values():
            model.pop("required", None)
    check(document, said["content"]["application/json"]["schema"], answer.json, path)


def _operation(document: Any, method: str, path: str) -> Any:
    for template, methods in document["paths"].items():
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if re.fullmatch(pattern, path) and method.lower() in methods:
            return methods[method.lower()]
    return None


def check(document: Any, schema: Any, value: Any, place: str) -> None:
    """Refuse a value that is not as a schema says, and a schema that says more than is checked."""
    assert set(schema) <= _KNOWN, (place, set(schema) - _KNOWN)
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return check(document, document["components"]["schemas"][name], value, place)
    if "anyOf" in schema:
        assert any(_is(document, one, value, place) for one in schema["anyOf"]), (place, value)
        return None
    wanted = _TYPES[schema["type"]]
    assert isinstance(value, wanted), (place, schema["type"], value)
    assert not (isinstance(value, bool) and wanted is int), place
    if wanted is dict:
        _object(document, schema, value, place)
    if wanted is list:
        for number, one in enumerate(value):
            check(document, schema["items"], one, f"{place}[{number}]")
    return None


def _is(document: Any, schema: Any, value: Any, place: str) -> bool:
    try:
        check(document, schema, value, place)
    except AssertionError:
        return False
    return True


def _object(document: Any, schema: Any, value: Any, place: str) -> None:
    properties = schema["properties"]
    assert set(schema.get("required", ())) <= value.keys(), (place, value)
    if schema.get("additionalProperties") is False:
        assert value.keys() <= properties.keys(), (place, value.keys() - properties.keys())
    for name, one in value.items():
        if name in properties:
            check(document, properties[name], one, f"{place}.{name}")

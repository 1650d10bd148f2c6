"""Each organization's vocabulary, built once per version of its extension schemas."""

import threading
from typing import Any

from sqlalchemy import select

from idp.directory.attributes import CORE, Attribute, Schema, Vocabulary
from idp.directory.orgs import SchemaExtension
from idp.extensions import db

_held: dict[str, tuple[int, Vocabulary]] = {}
_guard = threading.Lock()
_TEXTS = ("name", "type", "description", "mutability", "returned", "uniqueness")


def vocabulary_of(org_id: str, version: int) -> Vocabulary:
    """The vocabulary of an organization at a version (0: it defined nothing of its own)."""
    if version == 0:
        return CORE
    held = _held.get(org_id)
    if held and held[0] == version:
        return held[1]
    rows = db.session.scalars(
        select(SchemaExtension)
        .where(SchemaExtension.org_id == org_id)
        .order_by(SchemaExtension.urn)
    )
    made = Vocabulary(tuple(map(_schema, rows)))
    with _guard:
        _held[org_id] = (version, made)
    return made


def _schema(row: SchemaExtension) -> Schema:
    return Schema(row.urn, row.name, row.description, tuple(map(attribute_of, row.attributes)))


def attribute_of(definition: dict[str, Any]) -> Attribute:
    """An attribute from its definition (RFC 7643 §7), as it is stored."""
    texts: dict[str, Any] = {name: str(definition[name]) for name in _TEXTS if name in definition}
    return Attribute(
        **texts,
        multi=bool(definition.get("multiValued", False)),
        required=False,  # other sources know nothing of it, and must still be able to write
        case_exact=bool(definition.get("caseExact", False)),
        canonical=tuple(definition.get("canonicalValues", ())),
        references=tuple(definition.get("referenceTypes", ())),
        sub=tuple(attribute_of(part) for part in definition.get("subAttributes", ())),
    )

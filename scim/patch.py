"""PATCH in memory: a record and operations in, a new record out (RFC 7644 §3.5.2).

Pure, so atomic: whoever calls it writes all of the result or nothing. Members of groups are the
exception: a group is never loaded to change one member, so their operations become a
`MemberChange` that the write path applies row by row, and two clients cannot lose each other's.
"""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from idp.directory.attributes import Attribute, Record
from idp.directory.filtering import Compare, Filter, Or
from scim.errors import mutability, no_target
from scim.matching import matches, wanted
from scim.operations import Operation

Entry = dict[str, Any]


def patched(record: Record, operations: Iterable[Operation], *, strict: bool = False) -> Record:
    """The record after the operations, in their order; the one given stays as it is.

    `strict` keeps the RFC's noTarget where an add or replace selects no value; otherwise the
    value that the filter describes comes into being, as Entra expects.
    Raises ScimError noTarget or mutability.
    """
    new = copy.deepcopy(record)
    for operation in operations:
        holder = new.setdefault(operation.target.urn, {}) if operation.target.urn else new
        _apply(holder, operation, strict)
        if operation.target.urn and not holder:
            del new[operation.target.urn]
    return new


def _apply(holder: Record, operation: Operation, strict: bool) -> None:
    attribute = operation.attribute
    if operation.op == "add" and operation.value is None and attribute.multi:
        return  # no values are added; nothing is taken away
    if operation.op == "remove" or operation.value is None:
        _remove(holder, operation)
    elif operation.term is not None:
        _write_selected(holder, operation, strict)
    elif operation.target.sub is not None:
        _write_part(holder, operation)
    elif attribute.multi:
        _write_values(holder, operation)
    elif attribute.type == "complex":
        # Parts that the value leaves out stay, for add and for replace (§3.5.2.3); the interop
        # profile replaces the whole.
        whole = strict and operation.op == "replace"
        held = {} if whole else holder.get(attribute.name, {})
        holder[attribute.name] = {**held, **operation.value}
    else:
        holder[attribute.name] = operation.value


# --- remove -----------------------------------------------------------------------------------


def _remove(holder: Record, operation: Operation) -> None:
    attribute = operation.attribute
    if attribute.required and operation.term is None and operation.target.sub is None:
        raise mutability(f"{operation.target.path} is required and cannot be removed.")
    if attribute.multi:
        _store(holder, attribute, _remaining(holder.get(attribute.name, []), operation))
    elif operation.target.sub is not None:
        parts = holder.get(attribute.name, {})
        parts.pop(operation.target.sub.name, None)
        _store(holder, attribute, parts)
    else:
        holder.pop(attribute.name, None)


def _remaining(entries: list[Any], operation: Operation) -> list[Any]:
    """What is left of the values. Nothing selected is no error (§3.5.2.2 names none)."""
    attribute, sub = operation.attribute, operation.target.sub
    if operation.op == "remove" and operation.value is not None:
        return [e for e in entries if not any(_same(attribute, e, v) for v in operation.value)]
    kept = []
    for entry in entries:
        if operation.term is not None and not matches(operation.term, entry, attribute):
            kept.append(entry)
        elif sub is not None and (rest := _without(entry, sub)):
            kept.append(rest)
    return kept


def _without(entry: Entry, sub: Attribute) -> Entry:
    """A value without one of its parts; nothing, when only its labels would be left."""
    rest = {name: part for name, part in entry.items() if name != sub.name}
    substance = set(rest) - {"type", "primary", "display", "$ref"}
    return rest if substance and sub.name != "value" else {}


def _store(holder: Record, attribute: Attribute, value: Any) -> None:
    """Unassigned attributes are absent, never empty (RFC 7643 §2.5)."""
    if value:
        holder[attribute.name] = value
    else:
        holder.pop(attribute.name, None)


# --- add and replace --------------------------------------------------------------------------


def _write_values(holder: Record, operation: Operation) -> None:
    attribute = operation.attribute
    entries = [] if operation.op == "replace" else list(holder.get(attribute.name, []))
    for value in operation.value:
        at = next((i for i, e in enumerate(entries) if _same(attribute, e, value)), None)
        if at is None:
            entries.append(value)
            at = len(entries) - 1
        elif isinstance(value, dict):
            entries[at] = {**entries[at], **value}
        if operation.op == "add":
            _yield_primary(entries, at)
    _store(holder, attribute, entries)


def _write_part(holder: Record, operation: Operation) -> None:
    """`a.b`: of every value where there may be several, else of the one there is."""
    attribute, sub = operation.attribute, operation.target.sub
    if sub is None:
        return
    if not attribute.multi:
        holder.setdefault(attribute.name, {})[sub.name] = operation.value
        return
    entries = holder.setdefault(attribute.name, [{}])
    for at, entry in enumerate(entries):
        entry[sub.name] = operation.value
        _yield_primary(entries, at)


def _write_selected(holder: Record, operation: Operation, strict: bool) -> None:
    attribute, term = operation.attribute, operation.term
    if term is None:
        return
    entries = holder.get(attribute.name, [])
    chosen = [i for i, entry in enumerate(entries) if matches(term, entry, attribute)]
    described = wanted(term)
    if not chosen:
        if strict or described is None:
            raise no_target(f"No value of {operation.target.path} matches the filter.")
        entries.append({k: v for k, v in described.items() if v is not None})
        chosen = [len(entries) - 1]
    for at in chosen:
        entries[at] = _written(entries[at], operation, described or {})
        _yield_primary(entries, at)
    holder[attribute.name] = entries


def _written(entry: Entry, operation: Operation, described: Entry) -> Entry:
    if operation.target.sub is not None:
        return {**entry, operation.target.sub.name: operation.value}
    # A replaced value keeps what selected it: {"type": "work"} need not be repeated.
    return {**(entry if operation.op == "add" else described), **operation.value}


def _yield_primary(entries: list[Any], at: int) -> None:
    """A new primary value ends the old one's primacy (§3.5.2)."""
    if not isinstance(entries[at], dict) or entries[at].get("primary") is not True:
        return
    for i, entry in enumerate(entries):
        if i != at and entry.get("primary") is True:
            entries[i] = {**entry, "primary": False}


def _same(attribute: Attribute, held: Any, given: Any) -> bool:
    """Whether a given value means one that is there: equal in `value` and, where named, `type`."""
    if not isinstance(held, dict) or not isinstance(given, dict):
        return bool(held == given)
    if "value" not in given:
        return all(held.get(name) == part for name, part in given.items())
    for name in ("value", "type"):
        part = attribute.child(name)
        if name not in given or part is None:
            continue
        if not matches(Compare(name, "eq", given[name]), held, attribute):
            return False
    return True


# --- members ----------------------------------------------------------------------------------


@dataclass(slots=True)
class MemberChange:
    """What operations on `members` come to: ids to set, or to add and to remove."""

    exactly: dict[str, None] | None = None  # dicts as ordered sets
    add: dict[str, None] = field(default_factory=dict)
    remove: dict[str, None] = field(default_factory=dict)

    def join(self, ids: Iterable[str]) -> None:
        """These become members."""
        for one in ids:
            if self.exactly is not None:
                self.exactly[one] = None
            else:
                self.add[one] = None
                self.remove.pop(one, None)

    def leave(self, ids: Iterable[str]) -> None:
        """These are members no longer."""
        for one in ids:
            if self.exactly is not None:
                self.exactly.pop(one, None)
            else:
                self.remove[one] = None
                self.add.pop(one, None)

    def become(self, ids: Iterable[str]) -> None:
        """These, and only these, are the members."""
        self.exactly = dict.fromkeys(ids)
        self.add.clear()
        self.remove.clear()


Resolve = Callable[[Filter], Iterable[str]]


def member_change(operations: Iterable[Operation], resolve: Resolve) -> MemberChange:
    """The sum of the operations on `members`.

    `resolve` finds the members that a filter selects where it does not name them by id.
    Raises ScimError mutability: a membership is made and ended, never rewritten.
    """
    change = MemberChange()
    for operation in operations:
        if operation.target.sub is not None:
            raise mutability("A membership cannot be changed, only added and removed.")
        _member_operation(change, operation, resolve)
    return change


def _member_operation(change: MemberChange, operation: Operation, resolve: Resolve) -> None:
    if operation.op == "remove" and operation.term is not None:
        ids = selected_ids(operation.term)
        change.leave(resolve(operation.term) if ids is None else ids)
    elif operation.op == "remove" and operation.value is not None:
        change.leave(member_ids(operation.value))
    elif operation.op == "add" and operation.value is None:
        return  # no members are added; none is taken away
    elif operation.op == "remove" or operation.value is None:
        change.become(())
    elif operation.term is not None:
        raise mutability("A membership cannot be changed, only added and removed.")
    elif operation.op == "replace":
        change.become(member_ids(operation.value))
    else:
        change.join(member_ids(operation.value))


def member_ids(entries: Iterable[Entry]) -> list[str]:
    """The ids of members as clients list them."""
    return [entry["value"] for entry in entries if entry.get("value")]


def selected_ids(term: Filter) -> list[str] | None:
    """The ids that a filter names by `value eq`, or None where it selects in another way."""
    if isinstance(term, Compare) and (term.path, term.op) == ("value", "eq"):
        return [str(term.value)]
    if isinstance(term, Or):
        parts = [selected_ids(inner) for inner in term.terms]
        if all(part is not None for part in parts):
            return [one for part in parts if part for one in part]
    return None

"""Rows as changes: who is meant, what of them is said, which groups they join.

Somebody is found by id, else by user name; whoever is found is changed in what the mapping names
and nothing else, and an empty cell leaves what is there. Everybody else is created. What a row
says is judged by the write path alone; here only what it names is looked for, in sets.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from idp.changes.each import Unit
from idp.changes.intents import AddMember, ChangeUser, CreateUser
from idp.clock import new_id
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.attributes import Vocabulary
from idp.directory.errors import Conflict, DirectoryError, Invalid
from idp.directory.values import key as name_key
from idp.directory.values import user_name_key
from idp.directory.views import UserView
from idp.importing.columns import GROUPS, ID, LISTS, MANAGER, SEPARATOR
from idp.importing.files import Line, Table

Mapping_ = Mapping[int, str]
_YES = frozenset({"yes", "true", "1", "y", "ja", "wahr", "oui", "vrai", "active", "aktiv", "actif"})
_NO = frozenset(
    {"no", "false", "0", "n", "nein", "falsch", "non", "faux", "inactive", "inaktiv", "inactif"}
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can be asked for: the person's id, and the changes."""

    number: int
    user_id: str
    unit: Unit


@dataclass(slots=True)
class Plan:
    """A chunk of rows, judged as far as reading goes."""

    rows: list[Row] = field(default_factory=list)
    refused: dict[int, DirectoryError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Names:
    """Who the file names, by row: of several rows about one person the first counts."""

    first: Mapping[str, int]

    @classmethod
    def of(cls, table: Table, mapping: Mapping_) -> "Names":
        """Read all ids and user names of a file."""
        first: dict[str, int] = {}
        for line in table.lines:
            for said in _identity(cells(line, mapping)):
                first.setdefault(said, line.number)
        return cls(first)

    def before(self, said: str, number: int) -> int | None:
        """The earlier row that names the same person."""
        found = self.first.get(said)
        return found if found is not None and found < number else None


@dataclass(frozen=True, slots=True)
class _Known:
    """Whom and what a chunk names, as it is there; `new` are names that the chunk creates."""

    by_id: Mapping[str, UserView]
    by_name: Mapping[str, UserView]
    groups: Mapping[str, str]
    vocabulary: Vocabulary
    names: Names
    rehearsal: bool
    new: dict[str, str] = field(default_factory=dict)


def cells(line: Line, mapping: Mapping_) -> dict[str, str]:
    """{meaning: text} of a row; what is empty is not there."""
    found = {
        meant: line.cells[number].strip()
        for number, meant in mapping.items()
        if number < len(line.cells)
    }
    return {meant: text for meant, text in found.items() if text}


def _identity(said: Mapping[str, str]) -> list[str]:
    """What tells who a row is about."""
    return [f"{kind}:{name_key(said[kind])}" for kind in (ID, "userName") if said.get(kind)]


def plan(
    actor: Actor,
    table: Table,
    mapping: Mapping_,
    chunk: Sequence[Line],
    names: Names,
    *,
    rehearsal: bool = False,
) -> Plan:
    """The changes of a chunk. In a rehearsal, people of earlier rows count as there."""
    said = {line.number: cells(line, mapping) for line in chunk}
    known, made = _look(actor, said.values(), names, rehearsal), Plan()
    for line in chunk:
        try:
            _check_line(line, table, said[line.number], names)
            row = _row(line.number, said[line.number], known)
        except DirectoryError as refused:
            made.refused[line.number] = refused
        else:
            made.rows.append(row)
    return made


def _look(actor: Actor, said: Iterable[Mapping[str, str]], names: Names, rehearsal: bool) -> _Known:
    """People and groups that the rows name: a fixed number of reads."""
    wanted: Counter[str] = Counter()
    ids, groups = set[str](), set[str]()
    for one in said:
        wanted.update(name for path in ("userName", MANAGER) if (name := one.get(path)))
        ids.update(value for path in (ID, MANAGER) if (value := one.get(path)))
        groups.update(_parts(one.get(GROUPS, "")))
    folded = {key for name in wanted if (key := _folded(name))}
    return _Known(
        queries.find_users(actor, ids),
        queries.find_users_by_name(actor, folded),
        queries.groups_named(actor, groups) if groups else {},
        queries.vocabulary(actor),
        names,
        rehearsal,
    )


def _folded(name: str) -> str:
    try:
        return user_name_key(name)
    except DirectoryError:
        return ""


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(SEPARATOR) if part.strip()]


def _check_line(line: Line, table: Table, said: Mapping[str, str], names: Names) -> None:
    if any(cell.strip() for cell in line.cells[len(table.header) :]):
        raise Invalid(
            "row_too_long", "This row has more cells than there are headings: check its quotes."
        )
    for one in _identity(said):
        earlier = names.before(one, line.number)
        if earlier is not None:
            raise Conflict(
                "row_repeated", f"Row {earlier} is about the same person; only that one counts."
            )


def _row(number: int, said: Mapping[str, str], known: _Known) -> Row:
    who = _person(said, known)
    user_id = who.id if who else new_id()
    fields = _fields(said, who, known)
    boss = said.get(MANAGER)
    if boss:
        fields |= _manager(boss, number, known)
    change = ChangeUser(user_id, fields) if who else CreateUser(fields, id=user_id)
    joins = [AddMember(_group(name, known), user_id) for name in _parts(said.get(GROUPS, ""))]
    if who is None:
        known.new[name_key(said["userName"])] = user_id
    return Row(number, user_id, (change, *joins))


def _person(said: Mapping[str, str], known: _Known) -> UserView | None:
    """Whom a row is about; an id that is given must be there."""
    given = said.get(ID)
    if given:
        if given not in known.by_id:
            raise Invalid("row_id_unknown", "Nobody here has this id.", attribute=ID)
        return known.by_id[given]
    if not said.get("userName"):
        raise Invalid("user_name_missing", "A person needs a user name.", attribute="userName")
    return known.by_name.get(_folded(said["userName"]))


def _manager(boss: str, number: int, known: _Known) -> dict[str, str]:
    """The manager by id, by user name, or by a row above; in a rehearsal that one is not there."""
    found = known.by_id.get(boss) or known.by_name.get(_folded(boss))
    user_id = found.id if found else known.new.get(name_key(boss))
    if user_id:
        return {MANAGER: user_id}
    row = known.names.first.get(f"userName:{name_key(boss)}")
    if known.rehearsal and row is not None and row < number:
        return {}
    raise Invalid(
        "manager_unknown",
        f"Nobody here has the user name {boss[:100]}. A manager stands above their people.",
        attribute=MANAGER,
    )


def _group(name: str, known: _Known) -> str:
    found = known.groups.get(name_key(name))
    if found is None:
        raise Invalid("group_unknown", f"There is no group named {name[:100]}.", attribute=GROUPS)
    return found


# --- values --------------------------------------------------------------------------------------


def _fields(said: Mapping[str, str], who: UserView | None, known: _Known) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for path, text in said.items():
        if path in (ID, GROUPS, MANAGER):
            continue
        if path in LISTS:
            value = _values(path, text, who)
            if value is not None:
                fields[path] = value
        else:
            fields[path] = _typed(path, text, known.vocabulary)
    return fields


def _values(path: str, text: str, who: UserView | None) -> list[dict[str, Any]] | None:
    """The values of a list, the first preferred; None where somebody has exactly these."""
    parts = _parts(text)
    held = [one.get("value") for one in (who.record.get(path) or [])] if who else []
    if held == parts:
        return None
    return [{"value": part, "type": "work", "primary": at == 0} for at, part in enumerate(parts)]


def _typed(path: str, text: str, vocabulary: Vocabulary) -> Any:
    kind = vocabulary.user_leaves[path].attribute.type
    if kind == "boolean":
        return _truth(path, text)
    if kind in ("integer", "decimal"):
        return _number(path, text, int if kind == "integer" else float)
    return text


def _truth(path: str, text: str) -> bool:
    word = text.casefold()
    if word not in _YES | _NO:
        raise Invalid("wrong_type", f"{path} must be yes or no.", attribute=path)
    return word in _YES


def _number(path: str, text: str, of: type[int] | type[float]) -> int | float:
    try:
        return of(text)
    except ValueError:
        raise Invalid("wrong_type", f"{path} must be a number.", attribute=path) from None

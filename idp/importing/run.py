"""Rows through the write path: a chunk at a time, in a rehearsal or in earnest.

The worker's turn is one chunk. In earnest the chunk and the import's place are one batch, so that
neither a killed worker nor two at once make a row twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from idp.changes import imports
from idp.changes.batch import Row as Kept
from idp.changes.each import Each, Refusals, apply_each
from idp.changes.intents import AdvanceImport
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import DirectoryError
from idp.directory.roles import SELF
from idp.importing import files
from idp.importing.files import Line, Table
from idp.importing.people import Names, Plan, plan

CHUNK = 250  # rows that are made, or not, together
_NOT_NOW = frozenset({"too_many", "unavailable"})


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became, or would become, of a row."""

    number: int
    status: str  # created, updated, unchanged, refused
    user_id: str = ""
    code: str = ""
    message: str = ""


def turn(row: Kept) -> int:
    """One chunk of an import that is leased; returns how many rows it was."""
    by = _importer(row)
    if by is None:
        imports.stop(row, "Whoever began this import may no longer change people.")
        return 1
    table = files.read(imports.unsealed(row["content"]))
    mapping = {int(number): str(meant) for number, meant in row["mapping"].items()}
    chunk = table.lines[row["position"] : row["position"] + CHUNK]
    rehearsal = row["state"] == "checking"
    made = plan(by, table, mapping, chunk, Names.of(table, mapping), rehearsal=rehearsal)
    try:
        _carry_out(row, by, made, len(chunk), rehearsal)
    except DirectoryError as refused:
        if refused.kind in _NOT_NOW:
            raise  # the lease ends, and another turn tries again
        if refused.code not in ("import_lost", "import_not_so_far"):
            imports.stop(row, refused.sentence)
    return max(1, len(chunk))


def _carry_out(row: Kept, by: Actor, made: Plan, rows: int, rehearsal: bool) -> None:
    units = [one.unit for one in made.rows]
    if rehearsal:
        told = _told(made, apply_each(units, by, dry_run=True))
        plainly = [(t.number, t.status, t.user_id, t.code, t.message) for t in told]
        imports.rehearsed(row, rows, plainly)
        return
    apply_each(units, by, closing=lambda refused: _advance(row, made, rows, refused))


def _importer(row: Kept) -> Actor | None:
    """Whoever began the import, with what their roles permit now."""
    permissions, scopes, _roles = queries.power_of(row["user_id"])
    by = Actor(
        "user",
        row["user_id"],
        "",
        row["org_id"],
        "worker",
        permissions | SELF,
        scopes,
        request_id=row["id"],
    )
    who = queries.find_users(by, [row["user_id"]]).get(row["user_id"])
    if who is None or who.status != "active" or not by.can("users.write"):
        return None
    return Actor(
        "user",
        by.id,
        who.shown_name,
        by.org_id,
        "worker",
        by.permissions,
        scopes,
        request_id=row["id"],
    )


def _advance(row: Kept, made: Plan, rows: int, refused: Refusals) -> AdvanceImport:
    """What closes the batch: which results belong to which row, and who was refused."""
    places, first = [], 0
    for place, one in enumerate(made.rows):
        if place not in refused:
            places.append((one.number, one.user_id, first, first + len(one.unit)))
            first += len(one.unit)
    errors = made.refused | {made.rows[place].number: e for place, e in refused.items()}
    said = [(number, error.code, error.sentence) for number, error in sorted(errors.items())]
    return AdvanceImport(row["id"], row["claims"], row["position"], rows, places, said)


def _told(made: Plan, each: Each) -> list[RowResult]:
    """What would become of each row of a chunk, by what the audit would say."""
    errors = made.refused | {made.rows[place].number: e for place, e in each.refused.items()}
    told = [RowResult(n, "refused", "", e.code, e.sentence) for n, e in errors.items()]
    for place, results in each.results.items():
        one = made.rows[place]
        created = any(result.created for result in results)
        status = "created" if created else "updated" if one.user_id in each.named else "unchanged"
        told.append(RowResult(one.number, status, "" if created else one.user_id))
    return sorted(told, key=lambda one: one.number)


def at_once(
    by: Actor, table: Table, mapping: Mapping[int, str], *, dry_run: bool
) -> Iterator[RowResult]:
    """The whole file, chunk by chunk, for the operator at the console."""
    names = Names.of(table, mapping)
    for chunk in _chunks(table.lines):
        made = plan(by, table, mapping, chunk, names, rehearsal=dry_run)
        yield from _told(made, apply_each([one.unit for one in made.rows], by, dry_run=dry_run))


def _chunks(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    for start in range(0, len(lines), CHUNK):
        yield lines[start : start + CHUNK]

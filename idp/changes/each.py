"""Many changes that stand each for themselves: the refused are named, all others are made at once.

`apply` makes all of a batch or none. Here the batch is asked for, what is refused is taken out,
and the rest is asked for again: a refusal tells everything that the same step refused, so this is
a few rounds, however many changes there are. What is made is made in one transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from idp.changes.apply import apply
from idp.changes.batch import Result
from idp.changes.intents import Change
from idp.directory.actors import Actor
from idp.directory.errors import DirectoryError

Unit = Sequence[Change]  # changes that are made together or not at all
Refusals = Mapping[int, DirectoryError]
Closing = Callable[[Refusals], Change]
_OF_ONE = frozenset({"invalid", "forbidden", "not_found", "conflict", "stale"})


@dataclass(frozen=True, slots=True)
class Each:
    """What became of units, by their places: the results of those made, the others' refusals."""

    results: Mapping[int, Sequence[Result]]
    refused: Refusals
    named: frozenset[str] = frozenset()  # whom the audit would name: something of theirs changed

    @property
    def changed(self) -> int:
        """How many units changed anything."""
        return sum(any(one.changed for one in results) for results in self.results.values())


def apply_each(
    units: Sequence[Unit], by: Actor, *, closing: Closing | None = None, dry_run: bool = False
) -> Each:
    """Make all units but those that are refused.

    `closing` is given the refusals and yields one more change, which is made with the rest or
    nothing is. Raises DirectoryError where none of the units is to blame.
    """
    rest, refused = list(range(len(units))), dict[int, DirectoryError]()
    while rest or closing:
        owners, changes = _flat(units, rest)
        if closing:
            changes.append(closing(refused))
        try:
            outcome = apply(*changes, by=by, dry_run=dry_run)
        except DirectoryError as error:
            refused |= _blamed(error, owners) or _searched(error, units, rest, by)
            rest = [place for place in rest if place not in refused]
            continue
        results: dict[int, list[Result]] = {}
        for place, result in zip(owners, outcome.results, strict=False):
            results.setdefault(place, []).append(result)
        named = {id_ for note in outcome.notes for id_ in (note.target_id, note.related_id)}
        return Each(results, refused, frozenset(named))
    return Each({}, refused)


def _flat(units: Sequence[Unit], places: Sequence[int]) -> tuple[list[int], list[Change]]:
    """(to which unit each change belongs, the changes)."""
    owners = [place for place in places for _ in units[place]]
    return owners, [change for place in places for change in units[place]]


def _blamed(error: DirectoryError, owners: Sequence[int]) -> dict[int, DirectoryError]:
    """The units that a refusal names. What concerns no unit is raised."""
    if error.kind not in _OF_ONE or error.code == "permission_missing":
        raise error
    found: dict[int, DirectoryError] = {}
    for one in (error, *error.also):
        if one.index is not None and one.index >= len(owners):
            raise one  # of what closes the batch
        if one.index is not None:
            found.setdefault(owners[one.index], one)
    return found


def _searched(
    error: DirectoryError, units: Sequence[Unit], places: Sequence[int], by: Actor
) -> dict[int, DirectoryError]:
    """The units that are refused by themselves, found by halving; else the last of them."""
    if not places:
        raise error
    if len(places) == 1:
        return {places[0]: error}
    half = len(places) // 2
    found: dict[int, DirectoryError] = {}
    for part in (places[:half], places[half:]):
        owners, changes = _flat(units, part)
        try:
            apply(*changes, by=by, dry_run=True)
        except DirectoryError as refused:
            found |= _blamed(refused, owners) or _searched(refused, units, part, by)
    return found or {places[-1]: error}

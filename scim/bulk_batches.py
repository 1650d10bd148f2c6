"""Operations of a Bulk request as one batch of changes: its making, and its parting when refused.

`apply` makes all changes of a batch or none. What it refuses, it names by index; here is known to
which operation that belongs, and where a batch can be cut so that no reference is cut with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from idp.changes.intents import KEEP, Change, ChangeGroup, CreateGroup
from idp.directory.errors import DirectoryError
from scim.bulk_operations import Operation, only_moves_members

TRIES = 4  # of a batch before it is halved


@dataclass(eq=False, slots=True)
class Step:
    """An operation in a run, with the change that it comes to."""

    operation: Operation
    change: Change
    reads: int = 1


@dataclass(slots=True)
class Attempt:
    """Steps to be made as one batch, and how often they may still be tried together."""

    steps: Sequence[Step]
    tries: int = TRIES


def meets(change: Change, target: str, changing: Mapping[str, bool], gone: set[str]) -> bool:
    """Whether a change depends on the result of an earlier one of the same run."""
    if target in changing and not (changing[target] and only_moves_members(change)):
        return True
    return bool(gone) and not gone.isdisjoint(_members_of(change))


def _members_of(change: Change) -> Sequence[str]:
    """Who a change makes a member: it must still be there."""
    if isinstance(change, CreateGroup):
        return change.members
    if isinstance(change, ChangeGroup):
        return change.add if change.members is KEEP else change.members
    return ()


def batch_of(steps: Sequence[Step]) -> tuple[list[Step], list[Change]]:
    """The changes of a batch, and to which step each belongs."""
    bare = [s for s in steps if s.operation.names and isinstance(s.change, CreateGroup)]
    owners, changes = list(bare), [_without_members(step.change) for step in bare]
    apart = set(bare)
    for step in steps:
        owners.append(step)
        changes.append(_its_members(step) if step in apart else step.change)
    return owners, changes


def _without_members(change: Change) -> Change:
    return replace(change, members=()) if isinstance(change, CreateGroup) else change


def _its_members(step: Step) -> Change:
    return ChangeGroup(step.operation.target, add=_members_of(step.change))


def blamed_by(refused: DirectoryError, owners: Sequence[Step]) -> dict[Step, DirectoryError]:
    """The steps that a refusal names, with the error of each."""
    if len(set(owners)) == 1:
        return {owners[0]: refused}
    first: dict[str, Step] = {}
    shared: set[Step] = set()
    for step in owners:
        before = first.setdefault(step.operation.target, step)
        if before is not step:
            shared.add(before)
    found: dict[Step, DirectoryError] = {}
    for error in (refused, *refused.also):
        if error.index is None:
            continue
        step = owners[error.index]
        if step not in shared:  # a rule names the first change of a group, whichever it was
            found.setdefault(step, error)
    return found


def halves_of(steps: Sequence[Step], posts: Mapping[str, Operation]) -> list[Sequence[Step]]:
    """Two parts, of which the first refers to nothing in the second; nothing where none are."""
    at = {step.operation: place for place, step in enumerate(steps)}
    reach, cuts = 0, []
    for place, step in enumerate(steps[:-1]):
        reach = max(reach, *(at.get(posts[name], 0) for name in step.operation.names), 0)
        if reach <= place:
            cuts.append(place + 1)
    if not cuts:
        return []
    cut = min(cuts, key=lambda place: abs(place - len(steps) // 2))
    return [steps[:cut], steps[cut:]]

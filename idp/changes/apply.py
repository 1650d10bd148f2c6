"""apply(): the one way to change anything, its steps in order, the only commit.

The number of SQL statements does not grow with the number of changes: everything is loaded,
checked and written in sets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from idp.changes import (
    access,
    administration,
    adoptions,
    agreements,
    audit,
    authority,
    brake,
    client_secrets,
    consequences,
    details,
    imports,
    invoices,
    ledger,
    licences,
    license_requests,
    lists,
    loading,
    outbox,
    partners,
    people,
    quarantines,
    retries,
    rules,
    services,
    store,
    streams,
    subscriptions,
    targets,
    teams,
    terms,
    usage,
)
from idp.changes.batch import Batch, Note, Result
from idp.changes.faults import TryAgain, translated
from idp.changes.intents import Change
from idp.clock import now
from idp.directory.actors import Actor
from idp.directory.adoptions import NameOfAnother
from idp.directory.brakes import BrakeEngaged
from idp.directory.errors import DirectoryError, Unavailable, raise_all
from idp.extensions import writing

NOUNS: tuple[ModuleType, ...] = (
    people,
    teams,
    access,
    administration,
    details,
    partners,
    retries,
    client_secrets,
    quarantines,
    adoptions,
    streams,
    targets,
    services,
    subscriptions,
    terms,
    agreements,
    invoices,
    usage,
    licences,
    lists,
    imports,
    license_requests,
)
HANDLERS: dict[type[Change], Any] = {k: h for noun in NOUNS for k, h in noun.HANDLERS.items()}
NEEDS: dict[type[Change], Any] = {k: noun.needs for noun in NOUNS for k in noun.HANDLERS}
TRIES = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch: a result for each change, in order, and what was written of it.

    `entries` are the first and last number of its audit entries; `notes` what they say.
    """

    results: list[Result] = field(default_factory=list)
    changed: bool = False
    entries: tuple[int, int] | None = None
    notes: Sequence[Note] = ()

    @property
    def first(self) -> Result:
        """The result of the first change, for those who asked for one."""
        return self.results[0]


def apply(*changes: Change, by: Actor, dry_run: bool = False) -> Outcome:
    """Make all of these changes, or none.

    With `dry_run` everything is checked and nothing is kept. Raises DirectoryError; its `index`
    names the refused change, and its `also` those that the same step refused.
    """
    try:
        return _persistently(changes, by, dry_run)
    except DirectoryError as refused:
        if not dry_run:
            _aftermath(refused, by)
        raise


def _aftermath(refused: DirectoryError, by: Actor) -> None:
    """What a refusal leaves behind, in a transaction of its own: the batch's was rolled back."""
    if isinstance(refused, BrakeEngaged) and refused.quarantines:
        engage, product = quarantines.engagement(refused, by)
        _persistently((engage,), product, False)
    wishes = [one for one in (refused, *refused.also) if isinstance(one, NameOfAnother)]
    if wishes:
        ledger.wish(by.org_id, wishes)


def _persistently(changes: tuple[Change, ...], by: Actor, dry_run: bool) -> Outcome:
    for _ in range(TRIES):
        try:
            with translated():
                return _once(changes, by, dry_run)
        except TryAgain:
            continue
        except _DryRun as rehearsed:
            return rehearsed.outcome
    raise Unavailable(
        "storage_busy", "Too many changes at once; nothing was changed. Try again shortly."
    )


class _DryRun(Exception):
    """Ends the transaction of a rehearsal without a commit."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


def _once(changes: tuple[Change, ...], by: Actor, dry_run: bool) -> Outcome:
    with writing() as session:
        batch = Batch(by, session, session.connection(), now(), changes)
        authority.authorise(batch)
        _name_needs(batch)
        loading.load(batch)
        _handle(batch)
        consequences.follow(batch)
        dirty = _compare(batch)
        rules.check(batch)
        if dirty:
            brake.check(batch)
            audit.record(batch)
            outbox.record(batch)
            store.write(batch)
        outcome = Outcome(batch.results, dirty, batch.entries, batch.notes)
        if dry_run:
            raise _DryRun(outcome)
    return outcome


def _name_needs(batch: Batch) -> None:
    refusals = []
    for index, change in enumerate(batch.changes):
        try:
            NEEDS[type(change)](change, batch.needs)
        except DirectoryError as refused:
            refusals.append(refused.at(index))
    raise_all(refusals)


def _handle(batch: Batch) -> None:
    """Let each change do its work; who wants to go on without the refused learns of them all."""
    refusals = []
    for index, change in enumerate(batch.changes):
        batch.index = index
        try:
            batch.results.append(HANDLERS[type(change)](batch, change))
        except DirectoryError as refused:
            refusals.append(refused.at(index))
    raise_all(refusals)


def _compare(batch: Batch) -> bool:
    """Queue what differs; what happened to people and groups stands first in the audit."""
    followed, batch.notes = batch.notes, []
    store.plan(batch)
    batch.notes += followed
    for result in batch.results:
        held = batch.users.get(result.id) or batch.groups.get(result.id)
        if held is not None:
            before = held.before["version"] if held.before else 0
            result.version = held.row["version"]
            result.changed = result.changed or result.version != before
    return bool(batch.notes or batch.inserts or batch.updates or batch.deletes)

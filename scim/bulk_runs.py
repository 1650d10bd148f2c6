"""The operations of a Bulk request on their way through the write path, in runs.

A run is as many operations as one batch can stand for: `apply` costs the same few statements for
one change and for a thousand. What is done, in the order of the request:

- A run ends before an operation on a resource that an earlier one of the same run changes, since
  it must see that result. Operations that only add or remove members of a group go together.
- A POST that an operation refers to joins its run, even if the request lists it later; so both
  are written together, or neither is. New groups that refer to others come first, without members:
  then it does not matter who refers to whom.
- Else the order of the request is kept. RFC 7644 §3.7 allows another where the result is the same:
  what is brought forward is a creation, which depends on nothing before it.
- A refused batch has written nothing and names the refused changes. Those operations have failed,
  and with them what refers to them (§3.7.1: 409); the rest is asked for again. Where a batch does
  not say which change it was, or says too little too often, its halves are tried.
"""

from bisect import insort
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from idp.changes import Outcome
from idp.changes.intents import Change, DeleteGroup, DeleteUser
from idp.clock import now
from idp.directory.errors import DirectoryError, Stale, TooMany
from scim.bulk_batches import Attempt, Step, batch_of, blamed_by, halves_of, meets
from scim.bulk_operations import Operation, change_of, only_moves_members, posts_of, resolve
from scim.call import Call, Unsettled
from scim.errors import ScimError, from_directory
from scim.resources import Kind

LONGEST_RUN = 1_000
# Clients wait about a minute. Operations that wait for one another, and passwords, can take longer.
LONGEST_WORK = timedelta(seconds=30)
_READS = 8  # of a resource that others change meanwhile
_NOT_NOW = frozenset({"unavailable", "too_many"})  # no fault of an operation


@dataclass(slots=True)
class Run:
    """Operations that can be one batch; the ids that they change, and whether by members alone."""

    operations: list[Operation] = field(default_factory=list)
    changed: dict[str, bool] = field(default_factory=dict)
    cuts: set[int] = field(default_factory=set)  # so many of them refer to none of the others

    def takes(self, operation: Operation) -> bool:
        """Whether an operation need not wait for the result of this run."""
        before = self.changed.get(operation.target)
        return before is None or (before and _may_join(operation))

    def add(self, operation: Operation) -> None:
        """Put an operation at the end."""
        self.operations.append(operation)
        self.changed[operation.target] = _may_join(operation)


def _may_join(operation: Operation) -> bool:
    group = operation.method == "PATCH" and operation.kind.name == "Group"
    return group and operation.version is None


class Job:
    """One Bulk request being worked off."""

    def __init__(
        self, call: Call, operations: Sequence[Operation], accepted_errors: int | None
    ) -> None:
        self.call = call
        self.operations = operations
        self.accepted_errors = accepted_errors
        self.posts = posts_of(operations)
        resolve(operations, self.posts)
        self.referrers: dict[str, list[Operation]] = {}
        self.failures: list[int] = []  # places, in order
        self.written = False
        self.deadline = now() + LONGEST_WORK
        self._first = 0  # nothing before it is left to do
        for operation in operations:
            self._connect(operation)

    def _connect(self, operation: Operation) -> None:
        for bulk_id in operation.names:
            self.referrers.setdefault(bulk_id, []).append(operation)

    def work(self) -> None:
        """Give every operation its result, up to the last error that is accepted."""
        for unreadable in [operation for operation in self.operations if operation.done]:
            self._failed(unreadable)
        for operation in self.operations:
            if not self.posts.keys() >= set(operation.names):
                self._fail(operation, _no_such(operation, self.posts))
        while run := self._next_run():
            self._settle(self._steps(run))
            if self._late():
                self._give_up(_TOO_LONG)

    def processed(self) -> list[Operation]:
        """The operations with a result, in the order of the request (§3.7.3)."""
        end = self._end()
        return [o for o in self.operations if o.done and (o.error is None or o.place <= end)]

    # --- errors -------------------------------------------------------------------------------

    def _end(self) -> int:
        """The place of the error after which nothing more is done (`failOnErrors`)."""
        accepted = self.accepted_errors
        if accepted is None or len(self.failures) < accepted:
            return len(self.operations)
        return self.failures[accepted - 1]

    def _fail(self, operation: Operation, error: ScimError) -> None:
        if not operation.done:
            operation.fail(error)
            self._failed(operation)

    def _failed(self, operation: Operation) -> None:
        """Note a failure, and that of everything which refers to the resource there will not be."""
        rest = [operation]
        while rest:
            failed = rest.pop()
            insort(self.failures, failed.place)
            if failed.bulk_id is None or self.posts.get(failed.bulk_id) is not failed:
                continue
            for referrer in self.referrers.get(failed.bulk_id, ()):
                if not referrer.done:
                    referrer.fail(_in_vain(failed.bulk_id))
                    rest.append(referrer)

    # --- planning -----------------------------------------------------------------------------

    def _next_run(self) -> Run | None:
        """The operations that come next, with the POSTs that they refer to."""
        run, end = Run(), self._end()
        within: set[Operation] = set()
        while self._first <= min(end, len(self.operations) - 1) and self._done(self._first):
            self._first += 1
        for place in range(self._first, min(end + 1, len(self.operations))):
            operation = self.operations[place]
            if operation.done or operation in within:
                continue
            run.cuts.add(len(run.operations))
            for prerequisite in self._prerequisites(operation, within):
                run.add(prerequisite)
            if operation in within:  # a POST that refers to itself, maybe through others
                continue
            if not run.takes(operation) or len(run.operations) >= LONGEST_RUN:
                break
            within.add(operation)
            run.add(operation)
        return run if run.operations else None

    def _done(self, place: int) -> bool:
        return self.operations[place].done

    def _prerequisites(self, operation: Operation, within: set[Operation]) -> list[Operation]:
        """The POSTs that an operation refers to, directly or through others, that are to come.

        The referred to come before those who refer to them, as far as that is possible.
        """
        ordered: list[Operation] = []
        trail = [iter(self._referred(operation))]
        opened: list[Operation] = []
        while trail:
            post = next(trail[-1], None)
            if post is None:
                trail.pop()
                if opened:
                    ordered.append(opened.pop())
            elif not post.done and post not in within:
                within.add(post)
                opened.append(post)
                trail.append(iter(self._referred(post)))
        return ordered

    def _referred(self, operation: Operation) -> list[Operation]:
        return [self.posts[bulk_id] for bulk_id in operation.names]

    def _steps(self, run: Run) -> list[Step]:
        """The changes of a run; it ends early before one that cannot be decided on yet."""
        held = self._held(run.operations)
        changing: dict[str, bool] = {}  # ids of this run, and whether by members alone
        gone: set[str] = set()
        steps: list[Step] = []
        for number, operation in enumerate(run.operations):
            if operation.done:  # a POST that it refers to has just failed
                continue
            if steps and number in run.cuts and self._late():
                break
            try:
                change = self._change(operation, held, changing)
            except Unsettled:
                break
            if change is None:
                continue
            if meets(change, operation.target, changing, gone):
                break
            changing[operation.target] = only_moves_members(change)
            if isinstance(change, DeleteUser | DeleteGroup):
                gone.add(change.id)
            steps.append(Step(operation, change))
        return steps

    def _held(self, operations: Iterable[Operation]) -> dict[str, Any]:
        """The resources as they are that PATCH operations start from: one query for each type."""
        wanted: dict[str, tuple[Kind, set[str]]] = {}
        for operation in operations:
            if operation.method == "PATCH":
                kind = operation.kind
                wanted.setdefault(kind.name, (kind, set()))[1].add(operation.target)
        held: dict[str, Any] = {}
        for kind, ids in wanted.values():
            held |= kind.views(self.call, ids)
        return held

    def _change(
        self, operation: Operation, held: Mapping[str, Any], changing: Container[str]
    ) -> Change | None:
        """What an operation comes to; None where it has its result already. Raises Unsettled."""
        try:
            change = change_of(operation, self.call.part(operation.data, held, changing))
        except ScimError as refused:
            self._fail(operation, refused)
        except DirectoryError as refused:
            self._fail(operation, from_directory(refused))
        else:
            if change is not None:
                return change
            operation.succeed(self.call, operation.target, held[operation.target].version)
        return None

    # --- applying -----------------------------------------------------------------------------

    def _settle(self, steps: Sequence[Step]) -> None:
        """Apply these steps, but for the refused ones and those that depend on them."""
        rest = [Attempt(steps)]
        while rest:
            attempt = rest.pop()
            left = self._left(attempt.steps)
            if not left:
                continue
            owners, changes = batch_of(left)
            try:
                outcome = self.call.apply(*changes)
            except DirectoryError as refused:
                if refused.kind in _NOT_NOW:
                    return self._stop(refused)
                rest += self._after(refused, owners, Attempt(left, attempt.tries - 1))
                if self._late():
                    return None
            else:
                self._succeeded(owners, outcome)
        return None

    def _left(self, steps: Sequence[Step]) -> list[Step]:
        """The steps still to be made, and none after the last error that is accepted.

        But what an operation refers to is made with it, wherever it stands.
        """
        end = self._end()
        rest = [s.operation for s in steps if s.operation.place <= end]
        kept: set[Operation] = set()
        while rest:
            operation = rest.pop()
            if not operation.done and operation not in kept:
                kept.add(operation)
                rest += self._referred(operation)
        return [step for step in steps if step.operation in kept]

    def _succeeded(self, owners: Sequence[Step], outcome: Outcome) -> None:
        self.written = True
        for step, result in zip(owners, outcome.results, strict=True):
            step.operation.succeed(self.call, result.id, result.version)

    def _after(
        self, refused: DirectoryError, owners: Sequence[Step], attempt: Attempt
    ) -> list[Attempt]:
        """What is to be tried after a refusal, the first last."""
        blamed = blamed_by(refused, owners)
        self._blame(blamed)
        if blamed and attempt.tries:
            return [attempt]
        halves = halves_of(attempt.steps, self.posts)
        if halves:
            return [Attempt(half) for half in reversed(halves)]
        if blamed or attempt.tries:
            return [attempt]
        for step in attempt.steps:  # a circle that cannot be told apart
            self._fail(step.operation, from_directory(refused))
        return []

    def _blame(self, blamed: Mapping[Step, DirectoryError]) -> None:
        """Note the errors; but who lost a race that the client did not ask for reads again."""
        again: list[Step] = []
        for step, error in blamed.items():
            if isinstance(error, Stale) and step.operation.version is None and step.reads < _READS:
                again.append(step)
            else:
                self._fail(step.operation, from_directory(error))
        held = self._held(step.operation for step in again)
        for step in again:
            step.reads += 1
            step.change = self._change(step.operation, held, ()) or step.change

    def _stop(self, refused: DirectoryError) -> None:
        """The write path takes nothing more just now: say so of all that is left.

        Where nothing was written, the whole request is refused, and can be sent again as it is.
        """
        if not self.written:
            raise refused
        self._give_up(refused)

    def _late(self) -> bool:
        return now() > self.deadline

    def _give_up(self, reason: DirectoryError) -> None:
        """Say of all that is left that it was not done, and why."""
        for operation in self.operations:
            if not operation.done:
                operation.fail(from_directory(reason))
                insort(self.failures, operation.place)


_TOO_LONG = TooMany(
    "bulk_took_too_long", "The request took too long. This was not done; send it in another one."
)


def _no_such(operation: Operation, posts: Mapping[str, Operation]) -> ScimError:
    name = next(name for name in operation.names if name not in posts)
    return ScimError(409, f"No operation of this request creates bulkId:{name[:100]}.")


def _in_vain(bulk_id: str) -> ScimError:
    return ScimError(409, f"This refers to bulkId:{bulk_id[:100]}, which was not created.")

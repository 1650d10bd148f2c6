"""Take the steps of a plan: look before creating, send differences, write down what came of it.

A worker may be killed after any request: then the step is taken again. A change, a shutting out
and a removal can be repeated without harm. A creation is announced (`sending`) before it is sent;
whoever finds such a link looks for the account first, by our id and by its name.
"""

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from idp.directory import queries
from idp.directory.attributes import Record
from scim.outbound.client import Broken, Gone, Refused, Resource, Taken, id_of
from scim.outbound.mapping import projected, resource
from scim.outbound.plan import Step, operations
from scim.outbound.turn import Turn

TRIES = 5  # at a subject at which the target fails, before it is laid aside
_NAMED = {"User": "userName", "Group": "displayName"}


def carry(turn: Turn, steps: Sequence[Step]) -> None:
    """Take these steps; raises Halted where nothing can be sent now, with all written down."""
    _announce(turn, steps)
    try:
        for step in steps:
            _take(turn, step)
    finally:
        turn.flush()


def _announce(turn: Turn, steps: Iterable[Step]) -> None:
    """Before anybody is created: write down that it may have happened."""
    for step in steps:
        if step.action == "create" and not step.unsure:
            turn.note(step.subject_id, **_link(step, state="sending"))
    turn.flush()


def _link(step: Step, **values: Any) -> dict[str, Any]:
    """A link's row after a step."""
    row: dict[str, Any] = {
        "kind": step.kind,
        "name": step.name,
        "state": "present",
        "remote_id": step.remote_id,
        "active": False,
        "approved": False,
        "sent": "",
        "error_code": "",
        "error": "",
        "tries": 0,
    }
    return row | values


def _take(turn: Turn, step: Step) -> None:
    try:
        _ACTIONS[step.action](turn, step)
    except Broken as failed:
        _broken(turn, step, failed)
    except Refused as refused:
        _refused(turn, step, refused)


def _broken(turn: Turn, step: Step, failed: Broken) -> None:
    """The target fails at this one: the whole turn is tried again, a few times."""
    held = turn.reader.links([step.subject_id]).get(step.subject_id)
    tries = (held.tries if held else 0) + 1
    _refused(turn, step, failed, tries)
    if tries < TRIES:
        raise failed.halting()


def _refused(turn: Turn, step: Step, refused: Refused, tries: int = 0) -> None:
    """Keep what a subject was refused for with it; it is tried again when it changes."""
    there = step.remote_id is not None
    turn.note(
        step.subject_id,
        **_link(
            step,
            state="present" if there else "sending" if isinstance(refused, Broken) else "absent",
            active=there and bool(step.before.get("active", step.kind == "Group")),
            sent=_kept(step.before) if there else "",
            error_code=refused.code,
            error=refused.sentence,
            tries=tries,
        ),
    )


def _kept(record: Record) -> str:
    return json.dumps(record)  # in ASCII: what a target says need not be text that can be kept


def _there(turn: Turn, step: Step, remote_id: str, state: str = "present") -> None:
    """The subject is at the target as it should be."""
    active = bool(step.record.get("active", True))
    link = _link(step, remote_id=remote_id, active=active, state=state, sent=_kept(step.record))
    turn.note(step.subject_id, **link)


# --- the actions ---------------------------------------------------------------------------


def _create(turn: Turn, step: Step) -> None:
    found = _find(turn, step, by_id=step.unsure)
    if found is None:
        try:
            made = turn.client.create(step.place, resource(step.kind, step.record))
        except Taken:
            found = _find(turn, step, by_id=True)
            if found is None:
                raise
        else:
            turn.created.add(step.subject_id)
            _there(turn, step, id_of(made))
            return
    _adopt(turn, step, found)


def _find(turn: Turn, step: Step, *, by_id: bool) -> Resource | None:
    """The account that is there already: ours from an earlier attempt, or one of the same name."""
    if not turn.filters:
        return None
    found = None
    if by_id:
        found = _asked(turn, step, "externalId", step.subject_id)
    name = step.record.get(_NAMED[step.kind])
    if found is None and name:
        found = _asked(turn, step, _NAMED[step.kind], str(name))
    turn.hold()
    return found


def _asked(turn: Turn, step: Step, attribute: str, value: str) -> Resource | None:
    try:
        return turn.client.find(step.place, attribute, value)
    except Broken:
        raise
    except Refused:
        return None  # it cannot search by this; creating will tell


def _adopt(turn: Turn, step: Step, found: Resource) -> None:
    """Take over an account that is there, unless it is somebody else's of ours."""
    remote_id = id_of(found)
    known = queries.links_by_remote(turn.reader.actor, turn.target.id, step.kind, [remote_id])
    owner = known.get(remote_id)
    if owner is not None and owner.subject_id != step.subject_id:
        raise Refused(409, f"The application has this name for {owner.name} already.")
    turn.created.add(step.subject_id)
    _change(turn, step, projected(found, step.record), remote_id)
    _there(turn, step, remote_id)


def _change(turn: Turn, step: Step, before: Record, remote_id: str) -> None:
    """Send the difference, or the whole where the target knows no PATCH."""
    differing = operations(before, step.record)
    if not differing:
        return
    if turn.patches:
        turn.client.patch(step.place, remote_id, differing)
    else:
        whole = resource(step.kind, step.record) | {"id": remote_id}
        if step.kind == "Group":
            there = queries.members_at(turn.reader.actor, turn.target.id, step.subject_id)
            whole["members"] = [{"value": one} for one in there.values()]
        turn.client.put(step.place, remote_id, whole)


def _update(turn: Turn, step: Step) -> None:
    assert step.remote_id is not None  # noqa: S101  the plan made it so
    try:
        _change(turn, step, step.before, step.remote_id)
    except Gone:
        turn.forget(step.subject_id)
        turn.flush()
        _create(turn, step)
    else:
        _there(turn, step, step.remote_id)


def _deactivate(turn: Turn, step: Step) -> None:
    """Shut somebody out; who should not be there at all stays as an account that is off."""
    remote_id = _remote(turn, step)
    if remote_id is None:
        turn.forget(step.subject_id)
        return
    try:
        _change(turn, step, step.before, remote_id)
    except Gone:
        turn.forget(step.subject_id)
    else:
        _there(turn, step, remote_id, "deactivated" if step.leaves else "present")


def _remove(turn: Turn, step: Step) -> None:
    remote_id = _remote(turn, step)
    if remote_id is not None:
        with suppress(Gone):
            turn.client.delete(step.place, remote_id)
    turn.forget(step.subject_id)


def _remote(turn: Turn, step: Step) -> str | None:
    """The target's id; of one whose creation may have arrived, looked for."""
    if step.remote_id is not None or not step.unsure:
        return step.remote_id
    found = _find(turn, step, by_id=True)
    return id_of(found) if found else None


def _forget(turn: Turn, step: Step) -> None:
    turn.forget(step.subject_id)


_ACTIONS = {
    "create": _create,
    "update": _update,
    "deactivate": _deactivate,
    "remove": _remove,
    "forget": _forget,
}

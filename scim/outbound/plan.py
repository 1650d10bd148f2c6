"""The plan, pure: what should be there and what was sent -> one step for a subject, or none."""

from dataclasses import dataclass, field
from typing import Any

from idp.directory.attributes import ENTERPRISE_SCHEMA, Record, flatten
from idp.directory.provisioning import LinkView

_MANAGER = f"{ENTERPRISE_SCHEMA}:manager.value"


@dataclass(frozen=True, slots=True)
class Desired:
    """What should be at the target of one subject."""

    id: str
    kind: str
    name: str
    record: Record

    @property
    def lets_in(self) -> bool:
        """Whether the person may sign in there; a group is simply there."""
        return bool(self.record.get("active", True))


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do at the target. `action` is create, update, deactivate, remove or forget."""

    action: str
    kind: str
    subject_id: str
    name: str
    record: Record = field(default_factory=dict)  # as it should be
    before: Record = field(default_factory=dict)  # as it was sent
    remote_id: str | None = None
    unsure: bool = False  # an earlier attempt may have arrived
    leaves: bool = False  # should not be there at all

    @property
    def place(self) -> str:
        """Where resources of this kind are."""
        return f"{self.kind}s"


def step_for(
    subject_id: str, desired: Desired | None, link: LinkView | None, deprovision: str
) -> Step | None:
    """What has to happen to one subject; None where all is as it should be."""
    if desired is None:
        return _leaving(link, deprovision) if link else None
    before = link.sent if link else {}
    remote_id = link.remote_id if link else None
    unsure = link is not None and link.state == "sending"
    if remote_id is None:
        if not desired.lets_in and not unsure:
            return None  # whoever may not sign in needs no account
        return Step("create", desired.kind, subject_id, desired.name, desired.record, unsure=unsure)
    settled = link is not None and link.state == "present" and not link.error_code
    if settled and before == desired.record:
        return None
    shuts_out = link is not None and link.active and not desired.lets_in
    action = "deactivate" if shuts_out else "update"
    return Step(action, desired.kind, subject_id, desired.name, desired.record, before, remote_id)


def _leaving(link: LinkView, deprovision: str) -> Step | None:
    """What has to happen to one who should not be there."""
    who = (link.kind, link.subject_id, link.name)
    unsure = link.state == "sending"
    if link.remote_id is None and not unsure:
        return Step("forget", *who, leaves=True)
    if link.kind == "Group" or deprovision == "delete":
        return Step("remove", *who, {}, link.sent, link.remote_id, unsure, leaves=True)
    if link.state == "deactivated" and not link.error_code:
        return None
    record = link.sent | {"active": False}
    return Step("deactivate", *who, record, link.sent, link.remote_id, unsure, leaves=True)


def operations(before: Record, after: Record) -> list[dict[str, Any]]:
    """The difference as PATCH operations, each with its path (RFC 7644 §3.5.2)."""
    old, new = flatten(before), flatten(after)
    paths = sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
    return [_operation(path, new.get(path)) for path in paths]


def _operation(path: str, value: Any) -> dict[str, Any]:
    if path == _MANAGER:  # a complex attribute, of which we know one part: sent whole
        path, value = path.removesuffix(".value"), None if value is None else {"value": value}
    if value is None or value == []:
        return {"op": "remove", "path": path}
    return {"op": "replace", "path": path, "value": value}

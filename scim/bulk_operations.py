"""One operation of a Bulk request: what it says, and what became of it (RFC 7644 §3.7).

Each stands alone. What is wrong with one is that operation's error; the others go on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from idp.changes.intents import Change, ChangeGroup, CreateGroup, CreateUser
from idp.clock import new_id
from scim.bulk_references import MARK, References
from scim.call import Call
from scim.dialects import Tolerance
from scim.errors import ScimError, invalid_path, invalid_syntax, invalid_value
from scim.groups import GROUPS
from scim.preconditions import etag, expected, stale
from scim.resources import Kind
from scim.users import USERS

METHODS = ("POST", "PUT", "PATCH", "DELETE")
LONGEST_BULK_ID = 512
_KINDS: Mapping[str, Kind] = {kind.place: kind for kind in (USERS, GROUPS)}
_DONE = {"POST": 201, "PUT": 200, "PATCH": 200, "DELETE": 204}


@dataclass(eq=False, slots=True)
class Operation:
    """An operation as read, and its result as soon as there is one."""

    place: int  # in the request, from 0
    method: str = ""
    bulk_id: str | None = None
    path: str = ""  # as sent, for the location of what failed
    kind: Kind = USERS
    target: str = ""  # the id; of a POST, the one that the new resource will have
    version: Any = None
    data: Any = None
    names: tuple[str, ...] = ()  # the bulkIds that it refers to
    status: int = 0
    now_at: int | None = None  # the version of the resource
    error: ScimError | None = None

    @property
    def done(self) -> bool:
        """Whether there is a result."""
        return self.status != 0

    def succeed(self, call: Call, target: str, version: int | None) -> None:
        """Note the result that a single request would have had (§3.7.3)."""
        silent = self.method == "PATCH" and self.kind.silent(call)
        self.status = 204 if silent else _DONE[self.method]
        self.target = target
        self.now_at = None if self.method == "DELETE" else version

    def fail(self, error: ScimError) -> None:
        """Note the error."""
        self.status, self.error = error.status, error


# --- reading ----------------------------------------------------------------------------------


def read(listed: Sequence[Any], tolerance: Tolerance) -> list[Operation]:
    """The operations of a request, those that cannot be read as failed."""
    operations = [Operation(place) for place in range(len(listed))]
    taken: set[str] = set()
    for operation, raw in zip(operations, listed, strict=True):
        try:
            _read(operation, raw, taken, tolerance)
        except ScimError as refused:
            operation.fail(refused)
    return operations


def posts_of(operations: Sequence[Operation]) -> dict[str, Operation]:
    """The operations that references may name, by bulkId."""
    found: dict[str, Operation] = {}
    for operation in operations:
        if operation.method == "POST" and operation.bulk_id is not None:
            found.setdefault(operation.bulk_id, operation)
    return found


def resolve(operations: Sequence[Operation], posts: Mapping[str, Operation]) -> None:
    """Put ids in the place of references (§3.7.2)."""
    ids = {bulk_id: post.target for bulk_id, post in posts.items()}
    for operation in operations:
        if MARK not in operation.target and MARK not in repr(operation.data):  # most have none
            continue
        references = References(ids)
        operation.target = references.resolved(operation.target)
        operation.data = references.resolved(operation.data)
        operation.names = tuple(references.named)


def _read(operation: Operation, raw: Any, taken: set[str], tolerance: Tolerance) -> None:
    if not isinstance(raw, dict):
        raise invalid_syntax("Each operation must be an object.")
    fields = {key.lower(): value for key, value in raw.items()}
    if isinstance(fields.get("path"), str):
        operation.path = fields["path"].strip()
    if isinstance(fields.get("bulkid"), str):
        operation.bulk_id = fields["bulkid"]
    operation.method = _method(fields.get("method"), tolerance)
    _check_bulk_id(fields.get("bulkid"), operation.method, taken)
    operation.kind, operation.target = _place(operation, fields.get("path"), tolerance)
    operation.version = fields.get("version")
    operation.data = _data(operation.method, fields.get("data"), tolerance)


def _method(method: Any, tolerance: Tolerance) -> str:
    verb = method.upper() if isinstance(method, str) else ""
    if verb not in METHODS:
        raise invalid_syntax(f"method must be one of {', '.join(METHODS)}.")
    if verb != method:
        tolerance.forgive("a method in lower case")
    return verb


def _check_bulk_id(bulk_id: Any, method: str, taken: set[str]) -> None:
    if bulk_id is None and method != "POST":
        return
    if not isinstance(bulk_id, str) or not 0 < len(bulk_id) <= LONGEST_BULK_ID:
        most = f"of at most {LONGEST_BULK_ID} characters"
        raise invalid_value(f"A POST needs a bulkId, and a bulkId is a string {most}.")
    if method == "POST" and bulk_id in taken:
        raise invalid_value(f"The bulkId {bulk_id[:100]!r} stands for an earlier operation.")
    if method == "POST":
        taken.add(bulk_id)


def _place(operation: Operation, path: Any, tolerance: Tolerance) -> tuple[Kind, str]:
    """The resource type that a path names, and the id: a new one for a new resource."""
    if not isinstance(path, str):
        raise invalid_syntax("Each operation needs a path.")
    root, _, rest = operation.path.partition("/")
    if root:
        tolerance.forgive("a path that does not begin with a slash")
        rest = operation.path
    place, _, resource_id = rest.partition("/")
    if place == "Bulk":
        raise invalid_path("Bulk requests cannot be nested.")
    kind = _KINDS.get(place)
    if kind is None:
        raise ScimError(404, f"A Bulk request reaches /{' and /'.join(_KINDS)} only.")
    if (operation.method == "POST") != (resource_id == ""):
        wanted = f"/{place}" if operation.method == "POST" else f"/{place}/{{id}}"
        raise ScimError(405, f"The path of a {operation.method} is {wanted}.")
    return kind, resource_id or new_id()


def _data(method: str, data: Any, tolerance: Tolerance) -> dict[str, Any]:
    if method == "DELETE":
        return {}
    if method == "PATCH" and isinstance(data, list):  # as in the example of RFC 7644 §3.7.3
        tolerance.forgive("PATCH operations without their message")
        return {"Operations": data}
    if not isinstance(data, dict):
        raise invalid_syntax(f"A {method} needs data, which is an object.")
    return data


# --- to the write path ------------------------------------------------------------------------


def change_of(operation: Operation, call: Call) -> Change | None:
    """The intent that a single request would have come to; None where it changes nothing.

    `call` is about this operation's data. Raises ScimError and DirectoryError.
    """
    kind, target = operation.kind, operation.target
    if operation.method == "POST":
        made = kind.creation(call)
        return replace(made, id=target) if isinstance(made, CreateUser | CreateGroup) else made
    expect = _expected(operation.version)
    if operation.method == "PUT":
        return kind.replacement(call, target, expect)
    if operation.method == "PATCH":
        return kind.modification(call, target, expect)
    return kind.deletion(target, expect)


def _expected(version: Any) -> int | None:
    """`version` is what If-Match is for a single request (§3.7, §3.14)."""
    if version is None:
        return None
    if not isinstance(version, str):
        raise invalid_syntax("version must be a string.")
    only = expected(version)
    if only is None and version.strip() != "*":
        raise stale()
    return only


def only_moves_members(change: Change) -> bool:
    """Whether a change adds and removes members and says nothing else: several can go together."""
    return isinstance(change, ChangeGroup) and change == ChangeGroup(
        change.id, add=change.add, remove=change.remove
    )


# --- to the client ----------------------------------------------------------------------------


def told(operation: Operation, base: str) -> dict[str, Any]:
    """An operation's part of the answer (§3.7.3)."""
    made: dict[str, Any] = {}
    if operation.method:
        made["method"] = operation.method
    if operation.bulk_id is not None:
        made["bulkId"] = operation.bulk_id
    if operation.error is None:
        made["location"] = f"{base}/{operation.kind.place}/{operation.target}"
        if operation.now_at is not None:
            made["version"] = etag(operation.now_at)
    elif operation.method != "POST":
        made["location"] = _address(operation, base)
    made["status"] = str(operation.status)
    if operation.error is not None:
        made["response"] = operation.error.body()
    return made


def _address(operation: Operation, base: str) -> str:
    """Where an operation that failed was meant to go; only a failed POST has no location (§3.7.3).

    What refers to a resource that was never made keeps the reference: there is no id to name.
    """
    if operation.target and MARK not in operation.path:
        return f"{base}/{operation.kind.place}/{quote(operation.target)}"
    return f"{base}/{quote(operation.path.lstrip('/')[:200], safe='/:')}"

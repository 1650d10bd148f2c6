"""An HR system: pushes a company by a SCIM client that nobody here wrote (scim2-client)."""

from dataclasses import dataclass, field
from typing import Any

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient

from idp.company import Company


@dataclass
class HrSystem:
    """The feed: every push sends everybody and every group, as HR systems do each night."""

    origin: str
    token: str
    people: list[str] = field(default_factory=list)  # ids by place in the company
    groups: list[str] = field(default_factory=list)
    answers: list[tuple[str, str | None]] = field(default_factory=list)  # (id, version) each push

    def __post_init__(self) -> None:
        """Connect and discover, as the client's users do."""
        headers = {"Authorization": f"Bearer {self.token}"}
        self.http = httpx2.Client(base_url=f"{self.origin}/scim/v2", headers=headers, timeout=60)
        self.client = SyncSCIMClient(self.http)
        self.client.discover()
        self.user = self.client.get_resource_model("User")
        self.group = self.client.get_resource_model("Group")

    def push(self, company: Company) -> None:
        """Create who is not there, replace who is; managers come before their reports."""
        self.answers.clear()
        for place, person in enumerate(company.people):
            manager = None if person.manager is None else self.people[person.manager]
            body = person.record(manager) | {"externalId": person.employee_number}
            self._send(self.user, self.people, place, body)
        for place, group in enumerate(company.groups):
            members = [{"value": self.people[n], "type": "User"} for n in group.people]
            members += [{"value": self.groups[n], "type": "Group"} for n in group.teams]
            body = {"displayName": group.name, "externalId": f"G{place}", "members": members}
            self._send(self.group, self.groups, place, body)

    def _send(self, model: Any, known: list[str], place: int, body: dict[str, Any]) -> None:
        extensions = [urn for urn in body if urn.startswith("urn:")]
        core = f"urn:ietf:params:scim:schemas:core:2.0:{model.__name__.partition('[')[0]}"
        resource = model.model_validate(body | {"schemas": [core, *extensions]})
        if place < len(known):
            resource.id = known[place]
            answer = self.client.replace(resource)
        else:
            answer = self.client.create(resource)
            known.append(answer.id)
        self.answers.append((answer.id, answer.meta.version))

    def deactivate(self, user_id: str) -> None:
        """Let somebody go."""
        operation = {"op": "replace", "path": "active", "value": False}
        body = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [operation],
        }
        answer = self.client.modify(self.user, user_id, body)
        assert answer is None or answer.active is False

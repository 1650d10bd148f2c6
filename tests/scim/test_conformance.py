"""Judged by others: scim2-tester's checks, scim2-models' strict reading, scim2-client's pushes."""

from typing import Any

import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import (
    BulkOperation,
    BulkRequest,
    BulkResponse,
    Context,
    Email,
    EnterpriseUser,
    Group,
    GroupMember,
    ListResponse,
    Manager,
    Name,
    PatchOp,
    PatchOperation,
    ScimProvider,
    User,
)
from scim2_tester import Status, check_server
from sqlalchemy import func, select

from idp.changes.audit import AuditEntry
from idp.extensions import db
from tests.cast import Cast
from tests.scim.conftest import Scim
from tests.scim.test_users import FULL

Person = User[EnterpriseUser]


@pytest.fixture
def standard(base_url: str, people: Cast) -> SyncSCIMClient:
    """A client that nobody here wrote, after it has discovered what the server can do."""
    web = httpx2.Client(
        base_url=base_url, headers={"Authorization": f"Bearer {people.token}"}, timeout=60
    )
    client = SyncSCIMClient(web)
    client.discover()
    return client


@pytest.mark.slow
def test_scim2_tester_finds_no_error(standard: SyncSCIMClient) -> None:
    results = check_server(standard)

    failed = [r for r in results if r.status not in (Status.SUCCESS, Status.SKIPPED)]
    assert [f"{r.title} {r.resource_type}: {r.reason}" for r in failed] == []
    assert len(results) > 130


def test_strict_models_read_every_answer(scim: Scim) -> None:
    made = scim("POST", "/Users", FULL).json
    group = scim.group("Sales", made["id"])
    page = scim("GET", "/Users").json
    patched = scim.patch(f"/Users/{made['id']}", {"op": "remove", "path": "title"}).json

    Person.model_validate(made, scim_ctx=Context.RESOURCE_CREATION_RESPONSE)
    Person.model_validate(patched, scim_ctx=Context.RESOURCE_PATCH_RESPONSE)
    Group.model_validate(group, scim_ctx=Context.RESOURCE_CREATION_RESPONSE)
    ListResponse[Person].model_validate(page, scim_ctx=Context.RESOURCE_QUERY_RESPONSE)


# --- many at once -----------------------------------------------------------------------------


def jobs() -> list[Any]:
    """People with managers, a group of them, changes, and two mistakes."""
    people = [somebody(number, "bulkId:hr0" if number else None) for number in range(len(STAFF))]
    posts = [
        BulkOperation[Person](method="POST", path="/Users", bulk_id=f"hr{number}", data=person)
        for number, person in enumerate(people)
    ]
    members = [GroupMember(value=f"bulkId:hr{number}") for number in range(len(STAFF))]
    everybody = Group(display_name="Everybody", members=members)
    rename = PatchOp[Person](operations=[PatchOperation(op="add", path="title", value="Boss")])
    return [
        BulkOperation[Group](method="POST", path="/Groups", bulk_id="all", data=everybody),
        *posts,
        BulkOperation[Person](method="PATCH", path="/Users/bulkId:hr0", data=rename),
        BulkOperation[Person](method="DELETE", path="/Users/bulkId:hr5"),
        BulkOperation[Person](method="POST", path="/Users", bulk_id="again", data=people[1]),
        BulkOperation[Person](method="DELETE", path="/Users/nobody"),
    ]


def test_independent_client_has_many_operations_done_at_once(
    standard: SyncSCIMClient, scim: Scim
) -> None:
    found = standard.provider
    provider = ScimProvider([User, EnterpriseUser, Group], found.resource_types, found.config)
    client = SyncSCIMClient(standard.client, provider=provider)

    told = client.bulk(BulkRequest[Person | Group](operations=jobs())).operations

    assert [o.status for o in told] == [201] * 7 + [200, 204, 409, 404]
    assert told[9].response.scim_type == "uniqueness"
    group = scim("GET", str(told[0].location).partition("/scim/v2")[2]).json
    assert len(group["members"]) == len(STAFF) - 1


def test_strict_models_read_the_answer_to_many_operations(scim: Scim) -> None:
    asked = BulkRequest[Person | Group](operations=jobs())
    answer = scim("POST", "/Bulk", asked.model_dump(scim_ctx=Context.BULK_REQUEST)).json

    read = BulkResponse[Person | Group].model_validate(answer, scim_ctx=Context.BULK_RESPONSE)

    told = read.operations or []
    assert [o.bulk_id for o in told[:2]] == ["all", "hr0"]
    assert [type(o.response).__name__ for o in told[9:]] == ["Error", "Error"]


# --- an HR feed -------------------------------------------------------------------------------

STAFF = [
    ("Zoë", "Núñez-García", "Tours"),
    ("Søren", "Ødegård", "Tours"),
    ("Иван", "Петров", "Finance"),
    ("Ana", "Silva", "Finance"),
    ("Ana", "Silva", "Sales"),
    ("明", "李", "Sales"),
]


def somebody(number: int, manager: str | None) -> User[EnterpriseUser]:
    given, family, department = STAFF[number]
    person = Person(
        user_name=f"hr{number}@northwind.example",
        external_id=f"HR-{number}",
        active=True,
        name=Name(given_name=given, family_name=family),
        emails=[Email(value=f"hr{number}@northwind.example", type="work", primary=True)],
    )
    person[EnterpriseUser] = EnterpriseUser(
        employee_number=f"{number:05}",
        department=department,
        cost_center="4130",
        manager=Manager(value=manager) if manager else None,
    )
    return person


def push(client: SyncSCIMClient) -> dict[str, str | None]:
    """Bring the server to what HR says; {resource: version}."""
    versions: dict[str, str | None] = {}
    boss: str | None = None
    ids: list[str] = []
    for number in range(len(STAFF)):
        there = _saved(client, Person, somebody(number, boss), f'externalId eq "HR-{number}"')
        boss = boss or there.id
        ids.append(there.id)
        versions[there.id] = there.meta.version
    for department in ("Tours", "Finance", "Sales"):
        members = [
            GroupMember(value=i) for i, s in zip(ids, STAFF, strict=True) if s[2] == department
        ]
        group = Group(display_name=department, members=members)
        there = _saved(client, Group, group, f'displayName eq "{department}"')
        versions[there.id] = there.meta.version
    return versions


def _saved(client: SyncSCIMClient, model: Any, wanted: Any, where: str) -> Any:
    found = client.query(model, query_parameters={"filter": where})
    if not found.resources:
        return client.create(wanted)
    wanted.id = found.resources[0].id
    return client.replace(wanted)


def _written() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(AuditEntry)) or 0


def test_second_push_of_an_hr_feed_changes_nothing(standard: SyncSCIMClient, scim: Scim) -> None:
    found = standard.provider
    provider = ScimProvider([User, EnterpriseUser, Group], found.resource_types, found.config)
    client = SyncSCIMClient(standard.client, provider=provider)

    first, audited = push(client), _written()
    second = push(client)

    assert second == first
    assert _written() == audited
    assert scim.names('filter=name.familyName eq "Ødegård"') == ["hr1@northwind.example"]
    assert len(scim.names('filter=name.familyName eq "Silva" and userName sw "hr"')) == 2

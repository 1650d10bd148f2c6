"""A person's record as an application gets it; and what a mapping may say."""

import json
from typing import Any

import pytest

from idp.clock import now
from idp.directory.attributes import CORE, ENTERPRISE_SCHEMA
from idp.directory.errors import Invalid
from idp.directory.provisioning import LinkView
from idp.directory.targets import TargetSettings, check_settings
from idp.directory.views import UserView
from scim.outbound.mapping import Mapper, projected, resource
from scim.outbound.plan import Desired, operations, step_for

E = f"{ENTERPRISE_SCHEMA}:"
RECORD = {
    "userName": "ada@northwind.example",
    "name": {"givenName": "Ada", "familyName": "Lovelace"},
    "title": "Countess",
    "active": True,
    "emails": [
        {"value": "home@ada.example", "type": "home"},
        {"value": "ada@northwind.example", "type": "work", "primary": True},
    ],
    ENTERPRISE_SCHEMA: {"department": "Engines", "manager": {"value": "boss"}},
}


def view(**more: Any) -> UserView:
    given: dict[str, Any] = {
        "id": "u-1",
        "user_name": "ada@northwind.example",
        "shown_name": "Ada",
        "active": True,
        "blocked": False,
        "deleted": False,
        "source_id": "local",
        "version": 1,
        "created": now(),
        "last_modified": now(),
        "last_sign_in": None,
        "title": None,
        "department": None,
        "manager_id": "boss",
        "document": json.dumps(RECORD),
    }
    return UserView(**(given | more))


def sent(mapping: dict[str, str] | None = None, announced: Any = None, **more: Any) -> Any:
    return Mapper(CORE, announced, mapping or {}).user(view(**more), "remote-boss")


def test_without_a_mapping_all_goes_and_the_manager_by_the_applications_id() -> None:
    record = sent()
    assert record["name"] == RECORD["name"]
    assert record["emails"] == RECORD["emails"]
    assert record[ENTERPRISE_SCHEMA] == {
        "department": "Engines",
        "manager": {"value": "remote-boss"},
    }
    assert (record["externalId"], record["active"]) == ("u-1", True)


def test_only_what_the_application_announces_goes() -> None:
    record = sent(announced=frozenset({"username", "name", f"{E}department".lower()}))
    assert set(record) == {"externalId", "active", "userName", "name", ENTERPRISE_SCHEMA}
    assert record[ENTERPRISE_SCHEMA] == {"department": "Engines"}


def test_who_is_blocked_is_sent_as_inactive() -> None:
    assert sent(blocked=True)["active"] is False
    assert sent(active=False)["active"] is False


@pytest.mark.parametrize(
    "wanted, source, path, value",
    [
        ("displayName", '"{name.givenName} {name.familyName}"', "displayName", "Ada Lovelace"),
        ("displayName", '"{name.givenName} {name.middleName}"', "displayName", "Ada"),
        ("userName", "emails", "userName", "ada@northwind.example"),
        ("userName", "emails.value", "userName", "ada@northwind.example"),
        ("userType", '"Employee"', "userType", "Employee"),
        ("TITLE", f"{E}department", "title", "Engines"),
        ("title", "-", "title", None),
        ("title", '""', "title", None),
        ("nickName", "profileUrl", "nickName", None),
        ("emails", "userName", "emails", [{"value": "ada@northwind.example", "primary": True}]),
    ],
)
def test_a_mapping_replaces_one_attribute(wanted: str, source: str, path: str, value: Any) -> None:
    record = sent({wanted: source})
    assert record.get(path) == value
    assert record["name"] == RECORD["name"]


def test_a_mapping_reaches_the_applications_own_schema() -> None:
    record = sent({"urn:acme:2.0:User:badge": "userName"})
    assert record["urn:acme:2.0:User"] == {"badge": "ada@northwind.example"}
    assert "urn:acme:2.0:User" in resource("User", record)["schemas"]


@pytest.mark.parametrize(
    "mapping, code",
    [
        ({"active": '"true"'}, "mapping_target"),
        ({"externalId": "userName"}, "mapping_target"),
        ({"password": '"secret"'}, "mapping_target"),
        ({"shoeSize": "title"}, "mapping_target"),
        ({"emails.value": "userName"}, "mapping_target"),
        ({"title": "shoeSize"}, "mapping_source"),
        ({"title": '"{shoeSize}"'}, "mapping_source"),
        ({"title": "password"}, "mapping_source"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_by_its_attribute(
    mapping: dict[str, str], code: str
) -> None:
    settings = TargetSettings("https://app.example/scim", mapping=mapping)
    with pytest.raises(Invalid) as refused:
        check_settings(settings, CORE)
    assert refused.value.code == code
    assert refused.value.attribute == f"mapping.{next(iter(mapping))}"


@pytest.mark.parametrize(
    "wrong, attribute",
    [
        ({"base_url": "app.example"}, "base_url"),
        ({"base_url": "https://user:secret@app.example"}, "base_url"),
        ({"base_url": "https://app.example?x=1"}, "base_url"),
        ({"auth": "basic"}, "auth"),
        ({"auth": "client_credentials"}, "token_url"),
        ({"deprovision": "ignore"}, "deprovision"),
        ({"members_at_once": 0}, "members_at_once"),
        ({"writes": "delete"}, "writes"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_their_field(
    wrong: dict[str, Any], attribute: str
) -> None:
    given = {"base_url": "https://app.example/scim"} | wrong
    with pytest.raises(Invalid) as refused:
        check_settings(TargetSettings(**given), CORE)
    assert refused.value.attribute == attribute


def link(state: str = "present", **more: Any) -> LinkView:
    given: dict[str, Any] = {
        "subject_id": "u-1",
        "kind": "User",
        "name": "ada",
        "state": state,
        "remote_id": "r-1",
        "active": True,
        "approved": False,
        "sent": {"externalId": "u-1", "active": True, "title": "Countess"},
        "error_code": "",
        "error": "",
        "tries": 0,
        "changed_at": now(),
    }
    return LinkView(**(given | more))


def desired(**more: Any) -> Desired:
    record = {"externalId": "u-1", "active": True, "title": "Countess"} | more
    return Desired("u-1", "User", "ada", record)


@pytest.mark.parametrize(
    "wanted, held, deprovision, action",
    [
        (desired(), None, "deactivate", "create"),
        (desired(active=False), None, "deactivate", None),
        (desired(), link(), "deactivate", None),
        (desired(title="Lady"), link(), "deactivate", "update"),
        (desired(), link(error_code="refused"), "deactivate", "update"),
        (desired(active=False), link(), "deactivate", "deactivate"),
        (desired(), link("deactivated", active=False), "deactivate", "update"),
        (desired(), link("sending", remote_id=None, sent={}), "deactivate", "create"),
        (None, None, "deactivate", None),
        (None, link(), "deactivate", "deactivate"),
        (None, link("deactivated"), "deactivate", None),
        (None, link(), "delete", "remove"),
        (None, link("deactivated"), "delete", "remove"),
        (None, link("absent", remote_id=None), "delete", "forget"),
        (None, link(kind="Group"), "deactivate", "remove"),
    ],
)
def test_a_subject_has_one_step_or_none(
    wanted: Desired | None, held: LinkView | None, deprovision: str, action: str | None
) -> None:
    step = step_for("u-1", wanted, held, deprovision)
    assert (step.action if step else None) == action


def test_a_difference_is_said_by_paths() -> None:
    before = {"title": "a", "name": {"givenName": "A"}, ENTERPRISE_SCHEMA: {"department": "x"}}
    after = {"name": {"givenName": "B"}, ENTERPRISE_SCHEMA: {"manager": {"value": "m"}}}
    assert operations(before, after) == [
        {"op": "replace", "path": "name.givenName", "value": "B"},
        {"op": "remove", "path": "title"},
        {"op": "remove", "path": f"{E}department"},
        {"op": "replace", "path": f"{E}manager", "value": {"value": "m"}},
    ]


def test_what_is_there_is_read_in_any_case_and_without_what_is_added() -> None:
    found = {
        "ID": "r-1",
        "Title": "a",
        "locale": "de",
        "emails": [{"value": "x@y.example", "display": "x"}],
        "meta": {"created": "…"},
    }
    wanted = {"title": "b", "emails": [{"value": "x@y.example"}]}
    assert projected(found, wanted) == {"title": "a", "emails": [{"value": "x@y.example"}]}


@pytest.mark.parametrize("added", [{}, {"display": "X"}, {"display": "other", "$ref": "/x"}])
def test_what_a_target_makes_of_a_display_is_no_difference(added: dict[str, str]) -> None:
    wanted = {"emails": [{"value": "x@y.example", "display": "X"}]}
    assert projected({"emails": [{"value": "x@y.example"} | added]}, wanted) == wanted


def test_what_was_filled_behind_our_back_is_seen_where_it_is_ours() -> None:
    mapping = {"locale": "-", "urn:crm:User:tier": '"gold"'}
    ours = Mapper(CORE, None, mapping).ours
    found = {"Title": "Queen", "locale": "de", "nickName": "", "groups": [{"value": "g"}]}
    theirs = {"displayName": "Ada", "shoeSize": 38, "urn:crm:User": {"tier": "iron"}}
    there = projected(found | theirs, {}, ours)
    assert there == {"title": "Queen", "urn:crm:User": {"tier": "iron"}}

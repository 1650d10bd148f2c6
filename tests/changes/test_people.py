"""People come, change, leave, and come back."""

import json

import pytest
from sqlalchemy import select

from idp.changes import apply
from idp.changes.intents import (
    AddMember,
    AssignRole,
    BlockUser,
    ChangeUser,
    CreateUser,
    DeleteUser,
    RestoreUser,
    SetPassword,
    UnblockUser,
)
from idp.directory import queries
from idp.directory.credentials import Credential
from idp.directory.errors import Conflict, Forbidden, Invalid, NotFound
from idp.directory.users import User, UserValue, UserWord
from idp.extensions import db
from tests.cast import Cast, password_hash
from tests.changes.steps import group, somebody, written

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def test_a_person_is_kept_as_told(people: Cast) -> None:
    told = {
        "userName": "Dora@northwind.example",
        "name.familyName": "Đorđević",
        "emails": [{"value": "dora@northwind.example", "type": "work", "primary": True}],
        f"{ENTERPRISE}:department": "Sales",
        f"{ENTERPRISE}:manager.value": people.alice.id,
    }
    made = apply(CreateUser(told), by=people.operator).first
    dora = queries.find_user(people.alice, made.id)

    assert (made.version, made.created, dora.version, dora.status) == (1, True, 1, "active")
    assert dora.record == {
        "userName": "Dora@northwind.example",
        "name": {"familyName": "Đorđević"},
        "active": True,
        "emails": told["emails"],
        ENTERPRISE: {"department": "Sales", "manager": {"value": people.alice.id}},
    }
    assert (dora.department, dora.manager_id) == ("Sales", people.alice.id)


def test_the_document_and_the_columns_say_the_same(people: Cast) -> None:
    apply(ChangeUser(people.bob.id, {"title": "Cook", "name.familyName": None}), by=people.operator)
    row = db.session.scalars(select(User).where(User.id == people.bob.id)).one()
    assert json.loads(row.document)["title"] == row.title == "Cook"
    assert row.family_name is None
    assert "familyName" not in json.loads(row.document)["name"]


def test_a_change_moves_version_and_time(people: Cast, frozen: list) -> None:
    before = queries.find_user(people.alice, people.bob.id)
    frozen[0] = frozen[0].replace(hour=13)
    result = apply(ChangeUser(people.bob.id, {"title": "Cook"}), by=people.operator).first
    after = queries.find_user(people.alice, people.bob.id)
    assert result.version == after.version == before.version + 1
    assert after.last_modified == frozen[0]
    assert after.created == before.created


def test_clearing_takes_a_value_out_of_every_place(people: Cast) -> None:
    apply(ChangeUser(people.erin, {"emails": None, "title": None}), by=people.hr)
    erin = queries.find_user(people.alice, people.erin)
    assert "emails" not in erin.record
    assert erin.title is None
    assert db.session.scalars(select(UserValue).where(UserValue.user_id == erin.id)).all() == []
    assert not erin.owners.keys() & {"emails", "title"}


def test_a_person_without_a_user_name_is_refused(people: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        apply(CreateUser({"displayName": "Nobody"}), by=people.operator)
    assert refused.value.code == "user_name_missing"
    with pytest.raises(Invalid) as refused:
        apply(ChangeUser(people.bob.id, {"userName": None}), by=people.operator)
    assert refused.value.code == "user_name_missing"


def test_whoever_takes_active_away_shuts_the_door(people: Cast) -> None:
    apply(ChangeUser(people.bob.id, {"active": None}), by=people.operator)
    assert not queries.find_user(people.alice, people.bob.id).active


def test_a_deleted_person_is_gone_and_leaves_nothing_behind(people: Cast) -> None:
    cooks = group(people.operator, "Cooks", people.bob.id)
    apply(AssignRole(people.bob.id, "global_reader"), by=people.operator)

    apply(DeleteUser(people.bob.id), by=people.operator)

    with pytest.raises(NotFound):
        queries.find_user(people.alice, people.bob.id)
    assert queries.find_user(people.alice, people.bob.id, deleted=True).status == "deleted"
    assert queries.members_of(people.alice, cooks).items == []
    assert queries.effective_count(people.alice, cooks) == 0
    assert queries.role_holders(people.alice, role="global_reader") == []
    for model in (UserValue, UserWord, Credential):
        assert db.session.scalar(select(model).where(model.user_id == people.bob.id)) is None


def test_a_deleted_person_cannot_be_changed(people: Cast) -> None:
    apply(DeleteUser(people.bob.id), by=people.operator)
    before = written()
    for change in (
        ChangeUser(people.bob.id, {"title": "Ghost"}),
        DeleteUser(people.bob.id),
        BlockUser(people.bob.id),
        AssignRole(people.bob.id, "global_reader"),
        SetPassword(people.bob.id, password_hash()),
    ):
        with pytest.raises(NotFound):
            apply(change, by=people.operator)
    assert written() == before


def test_a_deleted_person_joins_no_group(people: Cast) -> None:
    cooks = group(people.operator, "Cooks")
    apply(DeleteUser(people.bob.id), by=people.operator)
    with pytest.raises(Invalid) as refused:
        apply(AddMember(cooks, people.bob.id), by=people.operator)
    assert refused.value.code == "member_unknown"


def test_a_restored_person_is_who_they_were(people: Cast) -> None:
    before = queries.find_user(people.alice, people.erin).record
    apply(DeleteUser(people.erin), by=people.operator)

    apply(RestoreUser(people.erin), by=people.operator)

    assert queries.find_user(people.alice, people.erin).record == before
    found = queries.page_people(people.alice, text="eri").items
    assert [view.id for view in found] == [people.erin]


def test_a_restored_person_has_no_password_group_or_role(people: Cast) -> None:
    cooks = group(people.operator, "Cooks", people.carol.id)
    apply(DeleteUser(people.carol.id), by=people.operator)
    apply(RestoreUser(people.carol.id), by=people.operator)
    assert queries.groups_of(people.alice, people.carol.id) == []
    assert queries.effective_count(people.alice, cooks) == 0
    assert queries.power_of(people.carol.id)[2] == ()
    assert queries.password_changed_at(people.alice, people.carol.id) is None


def test_nobody_comes_back_to_a_name_that_was_given_away(people: Cast) -> None:
    apply(DeleteUser(people.bob.id), by=people.operator)
    somebody(people.operator, "BOB@northwind.example")
    with pytest.raises(Conflict) as refused:
        apply(RestoreUser(people.bob.id), by=people.operator)
    assert refused.value.code == "user_name_taken"
    assert queries.find_user(people.alice, people.bob.id, deleted=True).status == "deleted"


def test_only_the_deleted_are_restored(people: Cast) -> None:
    with pytest.raises(Conflict) as refused:
        apply(RestoreUser(people.bob.id), by=people.operator)
    assert refused.value.code == "user_not_deleted"


def test_a_block_stands_above_what_the_source_says(people: Cast) -> None:
    apply(BlockUser(people.erin), by=people.alice)
    apply(ChangeUser(people.erin, {"active": True}), by=people.hr)
    erin = queries.find_user(people.alice, people.erin)
    assert (erin.status, erin.active) == ("blocked", True)
    apply(UnblockUser(people.erin), by=people.alice)
    assert queries.find_user(people.alice, people.erin).status == "active"


def test_nobody_blocks_themselves(people: Cast) -> None:
    with pytest.raises(Conflict) as refused:
        apply(BlockUser(people.carol.id), by=people.carol)
    assert refused.value.code == "self_block"


def test_an_administrators_password_is_not_set_by_a_source(people: Cast) -> None:
    with pytest.raises(Conflict) as refused:
        apply(ChangeUser(people.alice.id, {}, password_hash=password_hash()), by=people.hr)
    assert refused.value.code == "administrator_password"


def test_nobody_chooses_anothers_password_by_any_change(people: Cast) -> None:
    for change in (
        SetPassword(people.bob.id, password_hash()),
        ChangeUser(people.bob.id, {}, password_hash=password_hash()),
    ):
        with pytest.raises(Forbidden) as refused:
            apply(change, by=people.carol)
        assert refused.value.code == "password_of_another"


def test_a_foreign_name_that_cannot_be_kept_is_refused(people: Cast) -> None:
    fields = {"userName": "frank@northwind.example"}
    for given in ("x" * 513, "a\x00b", "\ud800", "tab\t"):
        for change in (
            CreateUser(fields, external_id=given),
            ChangeUser(people.erin, {}, external_id=given),
        ):
            with pytest.raises(Invalid) as refused:
                apply(change, by=people.hr)
            assert refused.value.attribute == "externalId"


def test_an_id_that_is_none_is_not_found(people: Cast) -> None:
    for given in ("", "x", "\x00", "\ud800", "x" * 5000):
        for change in (DeleteUser(given), ChangeUser(given, {"title": "x"}), RestoreUser(given)):
            with pytest.raises(NotFound):
                apply(change, by=people.operator)
        with pytest.raises(NotFound):
            queries.find_user(people.alice, given)

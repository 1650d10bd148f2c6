"""Nothing changed, nothing written: no version, no audit row, no event."""

from datetime import datetime

from idp.changes import apply, intents
from idp.directory.passwords import needs_rehash
from tests.cast import NOON, Cast, password_hash
from tests.changes.steps import group, written

EMAILS = [
    {"value": "erin@northwind.example", "type": "work", "primary": True},
    {"value": "erin@home.example", "type": "home"},
]
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
REPEATED = {
    "the same title": lambda c, _: (c.operator, intents.ChangeUser(c.bob.id, {"title": "Cook"})),
    "the same department": lambda c, _: (
        c.hr,
        intents.ChangeUser(c.erin, {f"{ENTERPRISE}:department": "Sales"}),
    ),
    "the same addresses": lambda c, _: (c.hr, intents.ChangeUser(c.erin, {"emails": EMAILS})),
    "a value cleared": lambda c, _: (c.operator, intents.ChangeUser(c.bob.id, {"title": None})),
    "the same foreign name": lambda c, _: (
        c.hr,
        intents.ChangeUser(c.erin, {}, external_id="E-6"),
    ),
    "a foreign name from no connection": lambda c, _: (
        c.operator,
        intents.ChangeUser(c.bob.id, {}, external_id="B-1"),
    ),
    "blocked": lambda c, _: (c.operator, intents.BlockUser(c.bob.id)),
    "unblocked": lambda c, _: (c.operator, intents.UnblockUser(c.bob.id)),
    "inactive": lambda c, _: (c.operator, intents.ChangeUser(c.bob.id, {"active": False})),
    "a member": lambda c, g: (c.operator, intents.AddMember(g, c.bob.id)),
    "no member": lambda c, g: (c.operator, intents.RemoveMember(g, c.bob.id)),
    "the same members": lambda c, g: (c.operator, intents.ChangeGroup(g, members=(c.bob.id,))),
    "the same group": lambda c, g: (c.operator, intents.ChangeGroup(g, {"displayName": "Cooks"})),
    "the same role": lambda c, _: (c.operator, intents.AssignRole(c.bob.id, "global_reader")),
    "the same role until a day": lambda c, _: (
        c.operator,
        intents.AssignRole(c.bob.id, "global_reader", expires_at=NOON.replace(year=2030)),
    ),
    "the same connection": lambda c, _: (
        c.operator,
        intents.ChangeConnection(c.hr.id, name="Staff", settings={"a": 1}),
    ),
    "the same organization": lambda c, _: (
        c.operator,
        intents.ChangeOrganization("Northwind Traders", {"theme": "dark"}),
    ),
    "the same schema": lambda c, _: (
        c.operator,
        intents.DefineSchema("urn:example:hr", "HR", ({"name": "badge"},)),
    ),
    "no sessions to end": lambda c, _: (c.operator, intents.EndSessions(c.bob.id)),
}


def test_saying_it_again_writes_nothing(people: Cast) -> None:
    cooks = group(people.operator, "Cooks line")
    for case, makes in REPEATED.items():
        actor, change = makes(people, cooks)
        apply(change, by=actor)
        before = written()

        again = apply(change, by=actor)

        assert written() == before, case
        assert not again.changed, case
        assert not again.first.changed, case


def test_a_second_push_of_a_person_writes_nothing(people: Cast) -> None:
    fields = {
        "userName": "frank@northwind.example",
        "name.familyName": "Fröhlich",
        "active": True,
        "emails": EMAILS,
    }
    made = apply(intents.CreateUser(fields, external_id="E-7"), by=people.hr).first
    before = written()

    change = intents.ChangeUser(made.id, fields, external_id="E-7", replace=True)
    again = apply(change, by=people.hr)

    assert written() == before
    assert again.first.version == made.version
    assert not again.changed


def test_addresses_in_another_order_are_the_same(people: Cast) -> None:
    apply(intents.ChangeUser(people.erin, {"emails": EMAILS}), by=people.hr)
    before = written()
    apply(intents.ChangeUser(people.erin, {"emails": EMAILS[::-1]}), by=people.hr)
    assert written() == before


def test_a_name_in_another_case_is_a_change(people: Cast) -> None:
    changed = apply(
        intents.ChangeUser(people.bob.id, {"userName": "Bob@northwind.example"}),
        by=people.operator,
    )
    assert changed.first.changed


def test_one_of_many_changed_moves_one_version(people: Cast) -> None:
    before = written()
    outcome = apply(
        intents.ChangeUser(people.bob.id, {"title": "Cook"}),
        intents.ChangeUser(people.carol.id, {"displayName": "Carol Ng"}),
        by=people.operator,
    )
    after = written()
    assert [result.changed for result in outcome.results] == [True, False]
    assert after["versions of users"] == before["versions of users"] + 1
    assert after["audit_entries"] == before["audit_entries"] + 1


def test_a_session_ends_once(people: Cast, frozen: list[datetime]) -> None:
    later = NOON.replace(day=4)
    started = apply(
        intents.StartSession(people.bob.id, "password", later), by=people.operator
    ).first
    apply(intents.EndSession(started.id), by=people.bob)
    before = written()
    apply(intents.EndSession(started.id), by=people.bob)
    assert written() == before


def test_a_token_is_revoked_once(people: Cast) -> None:
    issued = apply(intents.IssueToken(people.hr.id), by=people.operator).first
    apply(intents.RevokeToken(issued.id), by=people.operator)
    before = written()
    apply(intents.RevokeToken(issued.id), by=people.operator)
    assert written() == before


def test_a_stronger_hash_of_the_same_password_is_nobodys_news(people: Cast) -> None:
    before = written()
    apply(intents.SetPassword(people.bob.id, password_hash(), rehash=True), by=people.bob)
    assert written() == before
    assert not needs_rehash(password_hash())

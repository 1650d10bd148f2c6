"""Organizations are blind to each other: every read and every change is tried across the border.

Cases are found by name: whoever adds a query or an intent adds a case, or this fails.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from idp import mail
from idp.changes import apply, audit, intents
from idp.changes.intents import Change
from idp.changes.outbox import Delivery, mail_row
from idp.changes.provisioned import Outcomes, record
from idp.clock import new_id, now
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.brakes import Stop
from idp.directory.errors import DirectoryError, Forbidden, NotFound
from idp.directory.filtering import Compare, Present
from idp.directory.provisioning import TargetView
from idp.directory.roles import SCOPABLE
from idp.directory.targets import TargetSettings
from idp.directory.values import key
from idp.directory.views import ListQuery, Position
from idp.extensions import db, writing
from idp.licensing import queries as licensing
from tests.cast import Cast, password_hash
from tests.changes.steps import group
from tests.licensing import shop

STOP = Stop("removals", "", "Northwind kitchen", 2, 2, 1, 3, 24)
# What can be had is the operator's, and the same for all.
CATALOGUE = {"catalogue_versions", "services", "skus", "service_plans", "offers"}
NO_ORGANIZATION = {"organizations", "throttles", "chores", "installation"} | CATALOGUE
FILE = intents.KeepImport("northwind.csv", b"userName\nnorthwind\n", ("userName",), 1)
VIEW = intents.SaveView("people", "Northwind view", "q=northwind", shared=True)


@dataclass(frozen=True)
class Theirs:
    """What Northwind has, by the names under which Contoso asks for it."""

    org: str
    user: str
    name: str
    deleted: str
    group: str
    nested: str
    connection: str
    partner: str
    token: str
    secret: str
    key: str
    assignment: str
    session: str
    link: str
    target: str
    quarantine: str
    sku: str
    view: str
    subscription: str
    agreement: str
    invoice: str
    importing: str
    delivery: str
    request: str


@pytest.fixture
def theirs(people: Cast) -> Theirs:
    by, later = people.operator, now() + timedelta(hours=1)
    nested = group(by, "Northwind cooks", people.bob.id)
    gone = apply(intents.CreateUser({"userName": "gone@northwind.example"}), by=by).first.id
    apply(intents.DeleteUser(gone), by=by)
    partner = intents.CreateConnection("saml", "Northwind wiki", entity_id="urn:northwind:wiki")
    key = intents.AddSigningKey("saml", "rsa-2048", "northwind cert", "northwind key", later)
    apply(key, by=by)
    apply(intents.ChangeUser(people.bob.id, {MANAGER: people.alice.id}), by=by)
    apply(intents.CreateStream(people.hr.id, "poll"), by=by)
    apply(intents.DefineSchema("urn:example:northwind", "NW", ({"name": "badge"},)), by=by)
    wish = intents.CreateUser({"userName": "bob@northwind.example"}, "northwind bob")
    with pytest.raises(DirectoryError):  # HR waits for bob, and is stopped
        apply(wish, by=people.hr)
    stopped = apply(intents.EngageBrake(people.hr.id, STOP), by=by).first.id
    return Theirs(
        org=people.org,
        user=people.bob.id,
        name="bob@northwind.example",
        deleted=gone,
        group=group(by, "Northwind kitchen", nested, people.bob.id),
        nested=nested,
        connection=people.hr.id,
        partner=apply(partner, by=by).first.id,
        token=apply(intents.IssueToken(people.hr.id), by=by).first.id,
        secret=apply(intents.IssueSecret(people.hr.id, expires_days=9), by=by).first.id,
        key=apply(intents.RegisterKey(people.hr.id, KEY, expires_days=9), by=by).first.id,
        assignment=queries.role_holders(by, user_id=people.carol.id)[0].id,
        session=apply(intents.StartSession(people.bob.id, "password", later), by=by).first.id,
        quarantine=stopped,
        link=apply(intents.IssueLink(people.bob.id, "reset"), by=by).first.secret or "",
        target=provisioned(people),
        delivery=given_up(people.org),
        sku=licensed(by, people.bob.id),
        view=apply(VIEW, by=people.alice).first.id,
        subscription=licensing.page_subscriptions(by).items[0].id,
        agreement=apply(
            intents.AddAgreement("northwind", "Enterprise", now(), later), by=by
        ).first.id,
        invoice=licensing.page_invoices(by).items[0].id,
        importing=apply(FILE, by=people.alice).first.id,
        request=asked(by, people.bob),
    )


def given_up(org_id: str) -> str:
    """A mail that could not be delivered."""
    dead = mail_row(org_id, {"to": "northwind"}, now()) | {"state": "dead"}
    with writing() as session:
        session.execute(insert(Delivery), dead)
    return str(dead["id"])


TARGET = TargetSettings("https://northwind.example/scim")


def provisioned(people: Cast) -> str:
    """An application that Northwind provisions, with Bob and a group there."""
    by = people.operator
    target = apply(intents.CreateTarget("Northwind app", TARGET, {"token": "t"}), by=by).first.id
    there = {
        "name": "northwind",
        "state": "present",
        "active": True,
        "approved": False,
        "sent": '{"title": "northwind"}',
        "error_code": "refused",
        "error": "northwind",
        "tries": 0,
    }
    links = {
        people.bob.id: there | {"subject_id": people.bob.id, "kind": "User", "remote_id": "r-1"},
    }
    record(people.org, target, Outcomes(links))
    return target


def asked(by: Actor, bob: Actor) -> str:
    """Bob asks for another SKU."""
    shop.buy(by, "office-pro", 1)
    wish = intents.RequestLicense(bob.id, shop.sku("OFFICE_PRO"), "northwind reason")
    return apply(wish, by=bob).first.id


def licensed(by: Actor, bob: str) -> str:
    """A SKU of which Bob holds a unit."""
    shop.stock()
    shop.buy(by, "office-basic", 3)
    sku = shop.sku("OFFICE_BASIC")
    apply(intents.AssignLicense(sku), by=by)
    apply(intents.AssignLicense(sku, bob), by=by)
    return sku


def their_target(actor: Actor, theirs: Theirs) -> TargetView:
    """Their target as if the actor had been handed it."""
    home = replace(actor, kind="system", org_id=theirs.org)
    return queries.find_target(home, theirs.target)


# The Ed25519 key of RFC 8037, appendix A.2.
KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
MANAGER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value"
EVERYTHING = {"User": ListQuery(), "Group": ListQuery()}
Read = Callable[[Actor, Theirs], Any]


def named(theirs: Theirs) -> dict[str, ListQuery]:
    """The question for somebody of that name."""
    return {"User": ListQuery(Compare("userName", "eq", theirs.name))}


READS: dict[str, list[Read]] = {
    "find_user": [
        lambda a, t: queries.find_user(a, t.user),
        lambda a, t: queries.find_user(a, t.deleted, deleted=True),
    ],
    "find_users": [lambda a, t: queries.find_users(a, [t.user, t.deleted])],
    "show_user": [lambda a, t: queries.show_user(a, t.user)],
    "show_users": [lambda a, t: queries.show_users(a, [t.user, t.deleted])],
    "find_users_by_name": [lambda a, t: queries.find_users_by_name(a, [key(t.name)])],
    "groups_named": [lambda a, _: queries.groups_named(a, ["Northwind kitchen"])],
    "find_user_by_name": [lambda a, t: queries.find_user_by_name(a, key(t.name))],
    "list_users": [
        lambda a, _: queries.list_users(a, ListQuery()),
        lambda a, t: queries.list_users(a, ListQuery(Compare("userName", "eq", t.name))),
        lambda a, t: queries.list_users(a, ListQuery(Compare("id", "eq", t.user))),
        lambda a, t: queries.list_users(a, ListQuery(Compare("groups.value", "eq", t.group))),
        lambda a, _: queries.list_users(a, ListQuery(Compare("externalId", "eq", "E-5"))),
        lambda a, _: queries.list_users(a, ListQuery(Present(MANAGER))),
        lambda a, _: queries.list_users(a, ListQuery(Compare("emails.value", "co", "north"))),
    ],
    "walk_users": [
        lambda a, _: queries.walk_users(a, ListQuery()),
        lambda a, _: queries.walk_users(a, ListQuery(sort_by="externalId"), backwards=True),
        lambda a, t: queries.walk_users(a, ListQuery(), Position(None, t.user)),
        lambda a, t: queries.walk_users(a, ListQuery(Compare("groups.value", "eq", t.group))),
    ],
    "walk_groups": [
        lambda a, _: queries.walk_groups(a, ListQuery()),
        lambda a, t: queries.walk_groups(a, ListQuery(Compare("members.value", "eq", t.user))),
    ],
    "walk_everything": [
        lambda a, _: queries.walk_everything(a, EVERYTHING),
        lambda a, t: queries.walk_everything(a, EVERYTHING, Position(None, t.group)),
    ],
    "list_everything": [lambda a, _: queries.list_everything(a, EVERYTHING)],
    "count_along": [
        lambda a, _: _only({"all": queries.count_along(a, EVERYTHING) or 0}, {"all": 1}),
        lambda a, t: _only({"all": queries.count_along(a, named(t)) or 0}, {"all": 0}),
    ],
    "page_people": [
        lambda a, _: queries.page_people(a),
        lambda a, _: queries.page_people(a, text="bob"),
        lambda a, t: queries.page_people(a, text=t.name),
        lambda a, _: queries.page_people(a, state="deleted"),
    ],
    "ids_of_people": [
        lambda a, t: queries.ids_of_people(a, text=t.name, limit=9),
        lambda a, t: queries.ids_of_people(a, source=t.connection, limit=9),
        lambda a, _: queries.ids_of_people(a, state="deleted", limit=9),
    ],
    "sources_of_people": [lambda a, _: queries.sources_of_people(a)],
    "saved_views": [lambda a, _: queries.saved_views(a, "people")],
    "find_saved_view": [lambda a, t: queries.find_saved_view(a, t.view)],
    "count_people": [lambda a, _: _only(queries.count_people(a), {"active": 1})],
    "groups_of": [lambda a, t: queries.groups_of(a, t.user)],
    "groups_of_many": [lambda a, t: queries.groups_of_many(a, [t.user])],
    "names_of": [lambda a, t: queries.names_of(a, [t.user])],
    "reports_of": [lambda a, t: queries.reports_of(a, t.user)],
    "holds_role": [lambda a, t: queries.holds_role(a, [t.user])],
    "find_group": [lambda a, t: queries.find_group(a, t.group)],
    "list_groups": [
        lambda a, _: queries.list_groups(a, ListQuery()),
        lambda a, t: queries.list_groups(a, ListQuery(Compare("members.value", "eq", t.user))),
        lambda a, _: queries.list_groups(a, ListQuery(Present("members"))),
    ],
    "page_groups": [
        lambda a, _: queries.page_groups(a),
        lambda a, _: queries.page_groups(a, text="northwind"),
    ],
    "count_groups": [lambda a, _: _only({"all": queries.count_groups(a)}, {"all": 0})],
    "effective_count": [lambda a, t: queries.effective_count(a, t.group)],
    "existing": [lambda a, t: queries.existing(a, [t.user, t.group, t.deleted])],
    "members_of": [lambda a, t: queries.members_of(a, t.group)],
    "members_of_many": [lambda a, t: queries.members_of_many(a, [t.group, t.nested])],
    "list_connections": [lambda a, _: queries.list_connections(a)],
    "find_connection": [lambda a, t: queries.find_connection(a, t.connection)],
    "partner_by_entity_id": [
        lambda a, _: queries.partner_by_entity_id(a.org_id, "urn:northwind:wiki")
    ],
    "partner_by_id": [lambda a, t: queries.partner_by_id(a.org_id, t.partner)],
    "caller_of": [lambda a, t: queries.caller_of(a, t.connection)],
    "tokens_of": [lambda a, t: queries.tokens_of(a, t.connection)],
    "secrets_of": [lambda a, t: queries.secrets_of(a, t.connection)],
    "client_keys": [lambda a, t: queries.client_keys(a.org_id, t.connection)],
    "ending_soon": [
        lambda a, _: queries.ending_soon(a),
        lambda a, t: queries.ending_soon(a, t.connection),
    ],
    "extension_schemas": [lambda a, _: queries.extension_schemas(a)],
    "sources": [lambda a, _: queries.sources(a)],
    "brake_of": [lambda a, t: queries.brake_of(a, t.connection)],
    "own_quarantine": [
        lambda a, t: queries.own_quarantine(replace(a, connection_id=t.connection)),
    ],
    "waiting_links": [
        lambda a, _: queries.waiting_links(a),
        lambda a, t: queries.waiting_links(a, connection_id=t.connection),
        lambda a, t: queries.waiting_links(a, user_id=t.user),
    ],
    "asked_external_id": [lambda a, t: queries.asked_external_id(a, t.connection, t.user)],
    "signing_keys": [lambda a, _: queries.signing_keys(a.org_id)],
    "organization": [lambda a, _: queries.organization(a)],
    "granters": [lambda a, _: queries.granters(a)],
    "role_holders": [
        lambda a, _: queries.role_holders(a),
        lambda a, t: queries.role_holders(a, user_id=t.user),
        lambda a, _: queries.role_holders(a, role="global_administrator"),
    ],
    "list_targets": [lambda a, _: queries.list_targets(a)],
    "find_target": [lambda a, t: queries.find_target(a, t.target)],
    "people_in_scope": [lambda a, t: queries.people_in_scope(a, TARGET, [t.user])],
    "groups_in_scope": [lambda a, t: queries.groups_in_scope(a, TARGET, [t.group])],
    "people_to_look_at": [lambda a, t: queries.people_to_look_at(a, ours(a, t), "", 100)],
    "groups_to_look_at": [lambda a, t: queries.groups_to_look_at(a, ours(a, t), "", 100)],
    "reports_at": [lambda a, t: queries.reports_at(a, their_target(a, t), [t.user])],
    "target_links": [lambda a, t: queries.target_links(a, t.target, [t.user])],
    "links_by_remote": [lambda a, t: queries.links_by_remote(a, t.target, "User", ["r-1"])],
    "failed_links": [lambda a, t: queries.failed_links(a, t.target)],
    "count_links": [lambda a, t: _only(queries.count_links(a, t.target), {})],
    "places_of": [lambda a, t: queries.places_of(a, t.user)],
    "leaving": [lambda a, t: queries.leaving(a, their_target(a, t))],
    "groups_that_differ": [lambda a, t: queries.groups_that_differ(a, their_target(a, t))],
    "members_to_add": [
        lambda a, t: queries.members_to_add(a, their_target(a, t), t.group, "", 100)
    ],
    "members_to_remove": [
        lambda a, t: queries.members_to_remove(a, their_target(a, t), t.group, "", 100)
    ],
    "members_at": [lambda a, t: queries.members_at(a, t.target, t.group)],
    "count_memberships": [
        lambda a, t: _only({"all": queries.count_memberships(a, their_target(a, t))[0]}, {})
    ],
    "vocabulary": [lambda a, _: queries.vocabulary(a)],
    "sessions_of": [lambda a, t: queries.sessions_of(a, t.user)],
    "stream_of": [lambda a, t: queries.stream_of(a, t.connection)],
    "stream_of_connection": [lambda a, t: queries.stream_of_connection(a.org_id, t.connection)],
    "external_ids": [lambda a, t: queries.external_ids(a, [t.user])],
    "people_in_groups": [lambda a, t: queries.people_in_groups(a, [t.group, t.nested])],
    "records_of": [lambda a, t: queries.records_of(a, [t.user, t.group])],
    "password_changed_at": [lambda a, t: queries.password_changed_at(a, t.user)],
}


def ours(actor: Actor, theirs: Theirs) -> TargetView:
    """The same, moved into the actor's own organization."""
    return replace(their_target(actor, theirs), org_id=actor.org_id)


# Asked for the organization that the address names, before there is an actor.
OF_AN_ADDRESS = {
    "client_keys",
    "partner_by_entity_id",
    "partner_by_id",
    "signing_keys",
    "stream_of_connection",
}
# These ask for no actor, for they find out who it is, or serve the operator at the console.
BEFORE_ANY_ACTOR = {
    "caller_by_token": "knows a 256-bit secret",
    "client_by_secret": "knows a 256-bit secret",
    "link_by_token": "knows a 256-bit secret",
    "session_by_reference": "knows a 256-bit secret",
    "sign_in_candidates": "looks for whoever wants to sign in, by domain",
    "power_of": "of somebody whose session or organization was looked up before",
    "target_secrets": "of an organization and its target, which the worker looked up before",
    "pairwise_salt": "of an organization that the partner's address names",
    "organization_by_slug": "of an organization that the address names",
    "find_organization": "the operator's",
    "accent_of": "a colour of pages for everybody",
    "logo_of": "a picture on pages for everybody",
    "organization_ids": "the operator's",
    "organization_of_stream": "whose public keys are asked for",
}


def _only(counts: dict[str, int], expected: dict[str, int]) -> None:
    assert {name: count for name, count in counts.items() if count} == {
        name: count for name, count in expected.items() if count
    }


def strangers(people: Cast) -> list[Actor]:
    """Contoso's most powerful actors, and one whose scope is a group of somebody else's."""
    return [people.mallory, people.other_operator, people.other_hr]


def test_every_query_has_a_case() -> None:
    assert READS.keys() | BEFORE_ANY_ACTOR.keys() == set(queries.__all__)
    for name in READS.keys() - OF_AN_ADDRESS:
        first = next(iter(inspect.signature(getattr(queries, name)).parameters))
        assert first == "actor", name


def answer(read: Read, actor: Actor, theirs: Theirs) -> str:
    """What a read tells, as text; a refusal tells nothing."""
    try:
        return repr(read(actor, theirs)).lower()
    except (NotFound, Forbidden):
        return ""


def test_no_query_crosses_the_border(people: Cast, theirs: Theirs) -> None:
    secrets = [*vars(theirs).values(), "northwind"]
    for actor in strangers(people):
        for name, reads in READS.items():
            for read in reads:
                found = answer(read, actor, theirs)
                assert [secret for secret in secrets if secret.lower() in found] == [], name


def test_a_scope_over_anothers_group_reaches_nobody(people: Cast, theirs: Theirs) -> None:
    actor = replace(people.mallory, scopes=dict.fromkeys(SCOPABLE, (theirs.group,)))
    assert [view.id for view in queries.page_people(actor).items] == [people.mallory.id]
    assert queries.page_groups(actor).items == []


def test_audit_and_mailbox_stay_at_home(people: Cast, theirs: Theirs) -> None:
    for actor in strangers(people):
        for wanted in (None, audit.AuditFilter(about=theirs.user), audit.AuditFilter(door="scim")):
            entries, _cursor = audit.page(actor, wanted, limit=500)
            assert "northwind" not in repr(entries).lower()
        assert mail.mailbox(actor) == []


def test_a_sign_in_name_is_looked_for_where_its_domain_is(people: Cast) -> None:
    apply(intents.CreateUser({"userName": "admin"}), by=people.operator)
    apply(intents.CreateUser({"userName": "admin"}), by=people.other_operator)
    found = queries.sign_in_candidates("bob@northwind.example", "northwind.example")
    assert [row.org_id for row in found] == [people.org]
    assert queries.sign_in_candidates("bob@northwind.example", "contoso.example") == []
    assert len(queries.sign_in_candidates("admin", "")) == 2
    found = queries.sign_in_candidates("admin", "", people.other_org)
    assert [row.org_id for row in found] == [people.other_org]


Try = Callable[[Theirs], Change]
CHANGES: dict[type[Change], list[Try]] = {
    intents.CreateUser: [
        lambda t: intents.CreateUser({"userName": "x"}, id=t.user),
        lambda t: intents.CreateUser({"userName": t.name}),
    ],
    intents.ChangeUser: [
        lambda t: intents.ChangeUser(t.user, {"title": "x"}),
        lambda t: intents.ChangeUser(t.user, {}, external_id="x", password_hash=password_hash()),
    ],
    intents.DeleteUser: [lambda t: intents.DeleteUser(t.user)],
    intents.RestoreUser: [lambda t: intents.RestoreUser(t.deleted)],
    intents.BlockUser: [lambda t: intents.BlockUser(t.user)],
    intents.UnblockUser: [lambda t: intents.UnblockUser(t.user)],
    intents.CreateGroup: [
        lambda t: intents.CreateGroup({"displayName": "x"}, (t.user,)),
        lambda t: intents.CreateGroup({"displayName": "x"}, (t.group,)),
        lambda t: intents.CreateGroup({"displayName": "x"}, id=t.group),
    ],
    intents.ChangeGroup: [
        lambda t: intents.ChangeGroup(t.group, {"displayName": "x"}),
        lambda t: intents.ChangeGroup(t.group, members=()),
        lambda t: intents.ChangeGroup(t.group, remove=(t.user,)),
    ],
    intents.DeleteGroup: [lambda t: intents.DeleteGroup(t.group)],
    intents.AddMember: [lambda t: intents.AddMember(t.group, t.user)],
    intents.RemoveMember: [lambda t: intents.RemoveMember(t.group, t.user)],
    intents.AssignRole: [
        lambda t: intents.AssignRole(t.user, "global_administrator"),
        lambda t: intents.AssignRole(MALLORY, "global_reader", scope_group_id=t.group),
    ],
    intents.RemoveRole: [lambda t: intents.RemoveRole(t.assignment)],
    intents.SetPassword: [lambda t: intents.SetPassword(t.user, password_hash())],
    intents.IssueLink: [lambda t: intents.IssueLink(t.user, "admin")],
    intents.RedeemLink: [lambda t: intents.RedeemLink(t.link)],
    intents.StartSession: [
        lambda t: intents.StartSession(t.user, "password", now() + timedelta(hours=1))
    ],
    intents.EndSession: [lambda t: intents.EndSession(t.session)],
    intents.EndSessions: [lambda t: intents.EndSessions(t.user)],
    intents.RecordSignIn: [
        lambda t: intents.RecordSignIn(t.user, t.partner, "success"),
        lambda t: intents.RecordSignIn(MALLORY, t.partner, "success"),
    ],
    intents.ChangeConnection: [lambda t: intents.ChangeConnection(t.connection, name="x")],
    intents.DeleteConnection: [lambda t: intents.DeleteConnection(t.connection)],
    intents.ChangeTarget: [
        lambda t: intents.ChangeTarget(t.target, name="x"),
        lambda t: intents.ChangeTarget(t.connection, name="x"),
    ],
    intents.ReconcileTarget: [lambda t: intents.ReconcileTarget(t.target)],
    intents.ApproveRemovals: [lambda t: intents.ApproveRemovals(t.target, "")],
    intents.IssueToken: [lambda t: intents.IssueToken(t.connection)],
    intents.RevokeToken: [lambda t: intents.RevokeToken(t.token)],
    intents.CreateStream: [lambda t: intents.CreateStream(t.connection, "poll")],
    intents.PauseStream: [lambda t: intents.PauseStream(t.connection, paused=True)],
    intents.DeleteStream: [lambda t: intents.DeleteStream(t.connection)],
    intents.IssueSecret: [lambda t: intents.IssueSecret(t.connection)],
    intents.RegisterKey: [lambda t: intents.RegisterKey(t.connection, KEY)],
    intents.RevokeSecret: [
        lambda t: intents.RevokeSecret(t.secret),
        lambda t: intents.RevokeSecret(t.key),
    ],
    intents.EngageBrake: [lambda t: intents.EngageBrake(t.connection, STOP)],
    intents.ApproveBrake: [lambda t: intents.ApproveBrake(t.connection, t.quarantine, 1)],
    intents.RejectBrake: [lambda t: intents.RejectBrake(t.connection, t.quarantine)],
    intents.SetBrake: [lambda t: intents.SetBrake(t.connection, {"hours": 1})],
    intents.LinkPerson: [
        lambda t: intents.LinkPerson(t.connection, t.user, "x"),
        lambda t: intents.LinkPerson(t.connection, MALLORY, "x"),
    ],
    intents.RetryDelivery: [lambda t: intents.RetryDelivery(t.delivery)],
    intents.DismissLink: [lambda t: intents.DismissLink(t.connection, t.user)],
    intents.AssignLicense: [
        lambda t: intents.AssignLicense(t.sku, t.user),
        lambda t: intents.AssignLicense(t.sku, group_id=t.group),
    ],
    intents.RemoveLicense: [
        lambda t: intents.RemoveLicense(t.sku, t.user),
        lambda t: intents.RemoveLicense(t.sku, group_id=t.group),
        lambda t: intents.RemoveLicense(t.sku),
    ],
    intents.SaveView: [lambda t: intents.SaveView("people", "x", id=t.view)],
    intents.MapImport: [lambda t: intents.MapImport(t.importing, {0: "userName"})],
    intents.CommitImport: [lambda t: intents.CommitImport(t.importing)],
    intents.CancelImport: [lambda t: intents.CancelImport(t.importing)],
    intents.AdvanceImport: [lambda t: intents.AdvanceImport(t.importing, 0, 0, 1)],
    intents.DeleteView: [lambda t: intents.DeleteView(t.view)],
    intents.ChangeSubscription: [
        lambda t: intents.ChangeSubscription(t.subscription, name="x"),
        lambda t: intents.ChangeSubscription(t.subscription, quantity=1),
    ],
    intents.ExtendTrial: [lambda t: intents.ExtendTrial(t.subscription)],
    intents.UpgradeSubscription: [
        lambda t: intents.UpgradeSubscription(t.subscription, shop.offer_id("office-pro"), 1)
    ],
    intents.RenewSubscription: [lambda t: intents.RenewSubscription(t.subscription)],
    intents.CancelSubscription: [lambda t: intents.CancelSubscription(t.subscription)],
    intents.ReactivateSubscription: [lambda t: intents.ReactivateSubscription(t.subscription)],
    intents.DeleteSubscription: [lambda t: intents.DeleteSubscription(t.subscription)],
    intents.AddAgreement: [
        lambda t: intents.AddAgreement("X", "x", now(), now() + timedelta(1), t.agreement)
    ],
    intents.ChangeAgreement: [lambda t: intents.ChangeAgreement(t.agreement, number="x")],
    intents.TerminateAgreement: [lambda t: intents.TerminateAgreement(t.agreement)],
    intents.RecordPayment: [lambda t: intents.RecordPayment(t.invoice)],
    intents.VoidInvoice: [lambda t: intents.VoidInvoice(t.invoice)],
    intents.CreditInvoice: [lambda t: intents.CreditInvoice(t.invoice, 1, "x")],
    intents.RecordUsage: [lambda t: intents.RecordUsage(t.sku, 1)],
    intents.BuySubscription: [
        lambda t: intents.BuySubscription(shop.offer_id("office-pro"), 1, agreement_id=t.agreement)
    ],
    intents.CopyLicenses: [lambda t: intents.CopyLicenses(t.user, [t.user])],
    intents.ReclaimLicenses: [lambda t: intents.ReclaimLicenses([(t.user, t.sku)])],
    intents.RequestLicense: [lambda t: intents.RequestLicense(t.user, t.sku)],
    intents.DecideRequest: [lambda t: intents.DecideRequest(t.request, grant=True)],
}
# These name nothing that is there: they add to the actor's own organization, or change it.
AT_HOME: dict[type[Change], Try] = {
    intents.CreateConnection: lambda _: intents.CreateConnection(
        "saml", "Wiki", entity_id="urn:northwind:wiki"
    ),
    intents.CreateTarget: lambda _: intents.CreateTarget("Northwind app", TARGET, {"token": "t"}),
    intents.KeepImport: lambda _: FILE,
    intents.ExportList: lambda t: intents.ExportList("people", "People", f"q={t.name}", 3),
    intents.CreateOrganization: lambda _: intents.CreateOrganization("Other", "other.example"),
    intents.ChangeOrganization: lambda _: intents.ChangeOrganization("Renamed", {"a": 1}),
    intents.AddDomain: lambda _: intents.AddDomain("northwind.example"),
    intents.DefineSchema: lambda _: intents.DefineSchema(
        "urn:example:x", "X", ({"name": "badge"},)
    ),
    intents.AddSigningKey: lambda _: intents.AddSigningKey(
        "saml", "rsa-2048", "cert", "key", now()
    ),
    intents.ReprocessLicenses: lambda t: intents.ReprocessLicenses([t.user]),
    intents.BuySubscription: lambda _: intents.BuySubscription(shop.offer_id("office-pro"), 1),
    intents.PutService: lambda _: intents.PutService(shop.STORAGE),
    intents.FollowSubscriptions: lambda t: intents.FollowSubscriptions([t.subscription]),
}
MALLORY = "somebody of the actor's own"


def rows_of(org_id: str) -> dict[str, list[Any]]:
    """Every row that an organization has."""
    db.session.rollback()
    return {
        table.name: sorted(
            map(repr, db.session.execute(select(table).where(table.c.org_id == org_id)))
        )
        for table in db.metadata.tables.values()
        if "org_id" in table.c
    }


def test_every_intent_has_a_case() -> None:
    known = {
        kind
        for kind in vars(intents).values()
        if isinstance(kind, type) and issubclass(kind, Change) and kind is not Change
    }
    assert CHANGES.keys() | AT_HOME.keys() == known


def test_no_change_crosses_the_border(people: Cast, theirs: Theirs) -> None:
    before = rows_of(people.org)
    for actor in strangers(people):
        # A source may not even ask: give it every permission, so that the border itself is tried.
        able = replace(actor, permissions=people.other_operator.permissions)
        for kind, tries in CHANGES.items():
            for attempt in tries:
                change = attempt(theirs)
                if getattr(change, "user_id", "") == MALLORY:
                    change = replace(change, user_id=people.mallory.id)
                with pytest.raises(DirectoryError) as refused:
                    apply(change, by=replace(able, permissions=able.permissions | {"signin"}))
                told = (refused.value.kind, refused.value.code)
                assert told[0] in ("not_found", "forbidden", "conflict") or told[1] in (
                    "member_unknown",
                ), kind
                assert "northwind" not in refused.value.sentence.lower() or kind is (
                    intents.CreateUser
                )
    assert rows_of(people.org) == before


def test_what_happens_at_home_is_seen_at_home(people: Cast, theirs: Theirs) -> None:
    before = rows_of(people.org)
    for attempt in AT_HOME.values():
        change = attempt(theirs)
        somebody = isinstance(change, intents.KeepImport)  # a file is a person's
        apply(change, by=people.mallory if somebody else people.other_operator)
    assert rows_of(people.org) == before


def test_a_claimed_domain_counts_for_nothing_until_proven(people: Cast) -> None:
    apply(intents.AddDomain("northwind.example"), by=people.mallory)
    apply(intents.CreateUser({"userName": "x@northwind.example"}), by=people.operator)
    with pytest.raises(DirectoryError) as refused:
        apply(intents.CreateUser({"userName": "y@northwind.example"}), by=people.mallory)
    assert refused.value.code == "domain_of_another"


def test_a_guessed_id_and_anothers_id_are_answered_alike(people: Cast, theirs: Theirs) -> None:
    answers = []
    for user, team in ((theirs.user, theirs.group), (new_id(), new_id())):
        for change in (intents.DeleteUser(user), intents.DeleteGroup(team)):
            with pytest.raises(DirectoryError) as refused:
                apply(change, by=people.mallory)
            answers.append((refused.value.code, refused.value.sentence))
    assert answers[:2] == answers[2:]


def test_every_table_names_its_organization() -> None:
    without = {t.name for t in db.metadata.tables.values() if "org_id" not in t.c}
    assert without == NO_ORGANIZATION
    nullable = {
        t.name for t in db.metadata.tables.values() if "org_id" in t.c and t.c.org_id.nullable
    }
    assert nullable == set()


def test_what_refers_to_people_and_groups_refers_within_the_organization() -> None:
    for table in db.metadata.tables.values():
        for constraint in table.foreign_key_constraints:
            if constraint.referred_table.name not in {"organizations"} | CATALOGUE:
                assert "org_id" in constraint.column_keys, (table.name, constraint.column_keys)

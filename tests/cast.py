"""The same few people in every test.

Northwind: alice is its Global Administrator, bob an ordinary person, carol its User
Administrator, heidi its Helpdesk Administrator; HR is its SCIM connection, through which erin
came. Contoso is somebody else's organization; mallory is its Global Administrator.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from idp.changes import apply
from idp.changes.intents import (
    AssignRole,
    CreateConnection,
    CreateOrganization,
    CreateUser,
    IssueToken,
    SetPassword,
)
from idp.directory import queries
from idp.directory.actors import Actor, system_actor
from idp.directory.passwords import hash_password
from idp.directory.roles import SELF

PASSWORD = "a long walk by the sea"
_hashed: list[str] = []
SCIM = frozenset({"users.read", "users.write", "groups.read", "groups.write"})


@dataclass(frozen=True)
class Cast:
    """Ids and actors of the cast."""

    org: str
    operator: Actor
    alice: Actor
    bob: Actor
    carol: Actor
    heidi: Actor
    hr: Actor
    erin: str
    token: str
    other_org: str
    other_operator: Actor
    mallory: Actor
    other_hr: Actor
    other_token: str


def password_hash() -> str:
    """The cast's password, hashed once a process."""
    if not _hashed:
        _hashed.append(hash_password(PASSWORD))
    return _hashed[0]


def assemble() -> Cast:
    """Make the cast in an empty database."""
    org, operator, hr, token = _organization("Northwind", "northwind.example")
    other_org, other_operator, other_hr, other_token = _organization("Contoso", "contoso.example")
    erin = apply(
        CreateUser(
            {
                "userName": "erin@northwind.example",
                "displayName": "Erin O’Brien",
                "name.givenName": "Erin",
                "name.familyName": "O’Brien",
                "title": "Clerk",
                "emails": [{"value": "erin@northwind.example", "type": "work", "primary": True}],
            },
            external_id="E-5",
        ),
        by=hr,
    ).first.id
    return Cast(
        org=org,
        operator=operator,
        alice=person(operator, "alice@northwind.example", "Alice Liddell", "global_administrator"),
        bob=person(operator, "bob@northwind.example", "Bob Núñez"),
        carol=person(operator, "carol@northwind.example", "Carol Ng", "user_administrator"),
        heidi=person(operator, "heidi@northwind.example", "Heidi Weiß", "helpdesk_administrator"),
        hr=hr,
        erin=erin,
        token=token,
        other_org=other_org,
        other_operator=other_operator,
        mallory=person(
            other_operator, "mallory@contoso.example", "Mallory", "global_administrator"
        ),
        other_hr=other_hr,
        other_token=other_token,
    )


def _organization(name: str, domain: str) -> tuple[str, Actor, Actor, str]:
    org = apply(CreateOrganization(name, domain), by=system_actor("")).first.id
    operator = system_actor(org)
    connection = apply(CreateConnection("scim", "HR"), by=operator).first.id
    token = apply(IssueToken(connection), by=operator).first.secret or ""
    hr = Actor("connection", connection, "HR", org, "scim", SCIM, connection_id=connection)
    return org, operator, hr, token


def person(operator: Actor, user_name: str, name: str, *roles: str) -> Actor:
    """Somebody local with a password, and roles if any, as the actor they are in the portal."""
    given, _, family = name.partition(" ")
    fields = {"userName": user_name, "displayName": name, "name.givenName": given}
    if family:
        fields["name.familyName"] = family
    made = apply(CreateUser(fields, password_hash=password_hash()), by=operator).first.id
    if roles:
        apply(*(AssignRole(made, role) for role in roles), by=operator)
    return actor_for(operator.org_id, made, name)


def actor_for(org_id: str, user_id: str, name: str = "") -> Actor:
    """Somebody as the portal would see them now."""
    permissions, scopes, _roles = queries.power_of(user_id)
    return Actor("user", user_id, name, org_id, "portal", permissions | SELF, scopes)


def give_password(operator: Actor, user_id: str) -> None:
    """Let somebody sign in with the cast's password."""
    apply(SetPassword(user_id, password_hash()), by=replace(operator, kind="system"))


NOON = datetime(2026, 12, 3, 12, 0, tzinfo=UTC)

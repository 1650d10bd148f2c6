"""What each of the nine roles may do and which pages open for it, exactly as docs/portal.md says.

The two tables stand here as data; the code is compared with them, and so are the pages themselves,
for a person who holds each role and for who looks at the portal as that role.
"""

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from idp.changes import apply
from idp.changes.intents import AssignRole
from idp.directory.roles import ROLES, SCOPABLE
from portal.routes import PUBLIC, ROUTES, Route
from tests.cast import person
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site, an_app
from tests.portal.places import READABLE, address

ROLE_OF = {
    "GA": "global_administrator",
    "UA": "user_administrator",
    "GR": "groups_administrator",
    "LA": "license_administrator",
    "BA": "billing_administrator",
    "HA": "helpdesk_administrator",
    "FA": "federation_administrator",
    "SR": "security_reader",
    "RO": "global_reader",
}
ALL = " ".join(ROLE_OF)
# Docs, "Administrative roles". Everybody with a role sees names: of members, holders, who did what.
PERMISSIONS = {
    "self.read": ALL,
    "self.write": ALL,
    "users.read": ALL,
    "users.write": "GA UA",
    "users.reset": "GA UA HA",
    "groups.read": ALL,
    "groups.write": "GA UA GR",
    "licenses.read": "GA UA LA RO",
    "licenses.write": "GA UA LA",
    "services.read": "GA LA BA RO",
    "billing.read": "GA BA RO",
    "billing.write": "GA BA",
    "roles.read": "GA SR RO",
    "roles.write": "GA",
    "organization.read": "GA SR RO",
    "organization.write": "GA",
    "domains.read": "GA FA RO",
    "domains.write": "GA FA",
    "connections.read": "GA FA RO",
    "connections.write": "GA FA",
    "audit.read": "GA SR RO",
    "signins.read": "GA SR RO",
    "cases.read": "GA BA HA",
    "schema.write": "GA",
}
# Under which address: who opens what only shows, and who what changes something.
PAGES = {
    "/search": (ALL, ""),
    "/identity": (ALL, ""),
    "/identity/organization": ("GA SR RO", "GA"),
    "/identity/people": (ALL, "GA UA"),
    "/identity/people/<user_id>/link": ("", "GA UA HA"),
    "/identity/people/<user_id>/sessions": ("", "GA UA HA"),
    "/identity/people/<user_id>/licenses": ("GA UA LA RO", "GA UA LA"),
    "/identity/groups": (ALL, "GA UA GR"),
    "/identity/roles": ("GA SR RO", "GA"),
    "/identity/domains": ("GA FA RO", "GA FA"),
    "/identity/federation": ("GA FA RO", "GA FA"),
    "/identity/sync": ("GA FA RO", "GA FA"),
    "/identity/provisioning": ("GA FA RO", "GA FA"),
    "/identity/applications": ("GA FA RO", "GA FA"),
    "/jobs": ("GA FA RO", "GA FA"),
    "/services": ("GA LA BA RO", "GA BA"),
    "/subscriptions": ("GA LA BA RO", "GA BA"),
    "/renewals": ("GA LA BA RO", "GA BA"),
    "/agreements": ("GA BA RO", "GA BA"),
    "/invoices": ("GA BA RO", "GA BA"),
    "/catalog": (ALL, "GA BA"),
    "/licenses": ("GA UA LA RO", "GA UA LA"),
    "/setup": ("", "GA"),
    "/demo/mailbox": ("", "GA UA HA"),
}
# Pages of somebody else that are open to their owner: for other roles they are not there.
OF_SOMEBODY_ELSE = {
    "/support/cases/<case_id>": "GA BA HA",
    "/identity/people/import/<import_id>": "GA",
}
OF_ALICE = {"/identity/people/import/<import_id>"}
GUARDED = [route for route in ROUTES if route.needs not in ("", PUBLIC)]


def keys(short: str) -> set[str]:
    """The roles that an entry of a table means."""
    return {ROLE_OF[one] for one in short.split()}


def who(route: Route) -> set[str]:
    """The roles that the table of pages gives an address."""
    parts = route.url.split("/")
    above = ["/".join(parts[:end]) for end in range(len(parts), 1, -1)]
    row = next((PAGES[one] for one in above if one in PAGES), None)
    assert row is not None, f"{route.url} stands in no row of PAGES: say who opens it"
    return keys(row[0] if route.needs.endswith(".read") else row[1])


def test_each_role_holds_what_its_column_says() -> None:
    for short, key in ROLE_OF.items():
        column = {one for one, row in PERMISSIONS.items() if short in row.split()}
        assert ROLES[key].permissions == column, key
    assert set(ROLE_OF.values()) == ROLES.keys()


def test_a_global_administrator_lacks_nothing_that_another_role_has() -> None:
    everything = ROLES["global_administrator"].permissions
    assert [key for key, role in ROLES.items() if not role.permissions <= everything] == []


def test_a_role_over_a_group_reaches_people_groups_and_licences_only() -> None:
    nouns = {permission.partition(".")[0] for permission in SCOPABLE}
    assert nouns == {"users", "groups", "licenses"}


@pytest.mark.parametrize("route", GUARDED, ids=lambda route: str(route.url))
def test_each_page_asks_for_what_its_row_says(route: Route) -> None:
    assert {key for key, role in ROLES.items() if route.needs in role.permissions} == who(route)


def answer(route: Route, role: str) -> int:
    """How a page answers the holder of a role."""
    if route.needs and role not in who(route):
        return 403
    return 200 if role in keys(OF_SOMEBODY_ELSE.get(route.url, ALL)) else 404


@dataclass(frozen=True)
class Seen:
    """What somebody's rail shows, and how every page answers."""

    rail: list[str]
    answers: dict[str, int]


@dataclass
class Holders:
    """A portal with nine people, each named by the role they hold."""

    site: Site
    known: dict[str, Seen] = field(default_factory=dict)

    def seen(self, role: str) -> Seen:
        """What the holder of a role sees; looked at once."""
        if role not in self.known:
            self.known[role] = look(self.site, self.site.visitor(role))
        return self.known[role]


def look(site: Site, visitor: Visitor) -> Seen:
    """Open every page."""
    rail = visitor.get("/home").page.xpath("//nav[@aria-label='Sections']//a/@href")
    answers = {r.url: visitor.get(address(site, r)).answer.status_code for r in READABLE}
    return Seen(rail, answers)


@pytest.fixture(scope="module")
def holders(furnished: tuple[Path, Site], tmp_path_factory: pytest.TempPathFactory) -> Holders:
    """The furnished portal, and somebody with each role; one more over the group Sales."""
    file, made = furnished
    place = tmp_path_factory.mktemp("holders")
    shutil.copy(file, place / "site.db")
    site = replace(made, known={}, app=an_app(f"sqlite:///{place / 'site.db'}", place / "data"))
    by = site.cast.operator
    with site.app.app_context():
        for role in ROLES:
            person(by, f"{role}@northwind.example", role, role)
        scoped = person(by, "scoped@northwind.example", "Scoped").id
        apply(AssignRole(scoped, "user_administrator", site.group), by=by)
    return Holders(site)


@pytest.mark.parametrize("role", ROLES)
def test_each_page_opens_for_whom_its_row_names(holders: Holders, role: str) -> None:
    assert holders.seen(role).answers == {r.url: answer(r, role) for r in READABLE}


@pytest.mark.parametrize("role", ROLES)
def test_a_preview_shows_what_a_holder_of_the_role_sees(holders: Holders, role: str) -> None:
    alice = holders.site.visitor("alice").get(f"/identity/roles/{role}/preview")
    alice.submit("Preview as this role", scope="")
    looked, held = look(holders.site, alice), holders.seen(role)
    assert looked.rail == held.rail
    differ = {url for url, status in held.answers.items() if looked.answers[url] != status}
    assert differ <= OF_ALICE  # who one is stays, and so does what is one's own


def test_a_preview_over_a_group_reaches_its_members_only(holders: Holders) -> None:
    site = holders.site
    alice = site.visitor("alice").get("/identity/roles/user_administrator/preview")
    alice.submit("Preview as this role", scope="Sales")
    assert "User Administrator over the members of Sales" in alice.page.text_content()
    pages = [f"/identity/people/{one}" for one in (site.cast.erin, site.cast.heidi.id)]
    for looks in (alice, site.visitor("scoped")):
        assert [looks.get(url).answer.status_code for url in pages] == [200, 404]

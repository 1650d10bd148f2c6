"""The portal of the cast's organization, with something on every page."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from flask import Flask

from idp.app import create_app
from idp.changes import alarms, apply
from idp.changes.helpdesk import open_case
from idp.changes.intents import (
    AddMember,
    ChangeUser,
    CreateConnection,
    CreateGroup,
    CreateStream,
    CreateTarget,
    CreateUser,
    IssueSecret,
    IssueToken,
    KeepImport,
    RegisterKey,
    RemoveMember,
    RequestLicense,
)
from idp.changes.journal_pages import journal
from idp.changes.provisioned import Outcomes, note, record
from idp.directory import queries
from idp.directory.attributes import ENTERPRISE_SCHEMA
from idp.directory.errors import Conflict
from idp.directory.targets import TargetSettings
from idp.extensions import db
from scim.journal import recorder
from tests import cast
from tests.conftest import settings_for
from tests.licensing import shop
from tests.portal.browsing import Visitor
from tests.portal.buying import Bought, subscribe

CERTIFICATE_FREE = {
    "partner": {
        "entity_id": "https://wiki.example/sp",
        "display_name": "",
        "acs": [
            {
                "location": "https://wiki.example/acs",
                "binding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
            }
        ],
    }
}
# The Ed25519 key of RFC 8037, appendix A.2.
KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}


@dataclass
class Site:
    """The product with its cast. No app context is pushed, so that each request has its own."""

    app: Flask
    cast: cast.Cast
    group: str
    inner: str
    application: str
    token: str
    entry: str
    target: str
    secret: str
    case: str
    bought: Bought
    importing: str
    wish: str
    known: dict[str, Visitor] = field(default_factory=dict)

    def known_visitor(self, name: str) -> Visitor:
        """Somebody who signed in once for all the tests that only look."""
        if name not in self.known:
            self.known[name] = self.visitor(name)
        return self.known[name]

    def visitor(self, name: str = "") -> Visitor:
        """A new browser; signed in, if somebody is named."""
        made = Visitor(self.app.test_client())
        if not name:
            return made
        return made.sign_in(name if "@" in name else f"{name}@northwind.example")

    def inside(self, ask: Callable[[], object]) -> object:
        """Ask the directory itself."""
        with self.app.app_context():
            return ask()


def furnish(app: Flask) -> Site:
    """The cast, two groups of which one holds the other, an application, a manager, a journal."""
    with app.app_context():
        people = cast.assemble()
        inner = apply(
            CreateGroup({"displayName": "Lyon"}, members=[people.erin]), by=people.hr
        ).first.id
        apply(CreateStream(people.hr.id, "poll", groups=(inner,)), by=people.alice)
        group = apply(
            CreateGroup({"displayName": "Sales"}, members=[people.bob.id, inner]), by=people.alice
        ).first.id
        long = "maximiliane-philippine.von-und-zu-hohenstein-waldburg-zeil@northwind.example"
        apply(CreateUser({"userName": long, "title": "x" * 200}), by=people.hr)
        manager = {f"{ENTERPRISE_SCHEMA}:manager.value": people.bob.id}
        apply(ChangeUser(people.erin, manager), by=people.hr)
        application = apply(
            CreateConnection(
                "saml", "Wiki", settings=CERTIFICATE_FREE, entity_id="https://wiki.example/sp"
            ),
            by=people.alice,
        ).first.id
        apply(IssueToken(people.hr.id, "read", 30), by=people.alice)
        apply(RegisterKey(people.hr.id, KEY, expires_days=9), by=people.alice)
        secret = apply(IssueSecret(people.hr.id, expires_days=6), by=people.alice).first.id
        with pytest.raises(Conflict):  # HR waits to be linked to bob
            apply(CreateUser({"userName": "bob@northwind.example"}, "B-1"), by=people.hr)
        apply(RemoveMember(inner, people.erin), by=people.hr)  # the brake has something to show
        apply(AddMember(inner, people.erin), by=people.hr)
        token = queries.tokens_of(people.alice, people.hr.id)[0].id
        target = provisioned(people, group)
        question = {"subject": "Where is Erin?", "text": "She is not in Lyon.", "diagnostics": ""}
        case = open_case(people.bob, question, address="")
        bought = subscribe(people, group)
        asked = RequestLicense(people.bob.id, shop.sku("OFFICE_BASIC"), "For the reports of Lyon")
        wish = apply(asked, by=people.bob).first.id
        alarms.warn()
        file = KeepImport(
            "people.csv", b"userName,Abteilung\nann,Lyon\n", ("userName", "Abteilung"), 1
        )
        kept = apply(file, by=people.alice).first.id
    entry = _asked(app, people)
    made = (group, inner, application, token, entry, target, secret, case, bought, kept, wish)
    return Site(app, people, *made)


def _asked(app: Flask, people: cast.Cast) -> str:
    """HR has called: read, straightened and refused; the entry of a change is named."""
    client, door = app.test_client(), "/scim/v2/Users"
    headers = {"Authorization": f"Bearer {people.token}"}
    client.get(f"{door}?filter=userName eq %22{'x' * 120}%22", headers=headers)
    client.get(f"{door}/nobody", headers=headers)
    body = {"Operations": [{"op": "Replace", "path": "title", "value": "Cook"}], "x" * 90: 1}
    client.patch(f"{door}/{people.erin}", json=body, headers=headers)
    with app.app_context():
        recorder().flush()
        found, _cursor = journal(people.alice, people.hr.id)
        return found[0].id


def provisioned(people: cast.Cast, group: str) -> str:
    """An application that people are pushed to, with one account and one refusal."""
    settings = TargetSettings("https://crm.example/scim/v2", groups=(group,))
    wanted = CreateTarget("CRM", settings, {"token": "secret"})
    target = apply(wanted, by=people.alice).first.id
    link = {
        "kind": "User",
        "name": "bob@northwind.example",
        "state": "present",
        "remote_id": "crm-17",
        "active": True,
        "approved": False,
        "sent": '{"externalId": "x", "userName": "bob@northwind.example", "active": true}',
        "error_code": "",
        "error": "",
        "tries": 0,
        "subject_id": people.bob.id,
    }
    refusal = {
        "name": "erin@northwind.example",
        "state": "absent",
        "remote_id": None,
        "active": False,
        "error_code": "refused",
        "error": "title has no such value (HTTP 400)",
        "subject_id": people.erin,
    }
    rows = {people.bob.id: link, people.erin: link | refusal}
    record(people.org, target, Outcomes(rows))
    note(target, brake={"count": 30, "of": 90, "digest": "0" * 64, "at": "2026-11-22T10:00:00Z"})
    return target


def an_app(database_url: str, data_dir: Path) -> Flask:
    """The product as it stands beside a database that is there already."""
    return create_app(settings_for(database_url, data_dir, demo=True))


@pytest.fixture(scope="session")
def furnished(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Site]:
    """A furnished SQLite file to copy from: furnishing takes longer than most tests."""
    place = tmp_path_factory.mktemp("furnished")
    file = place / "furnished.db"
    shutil.copy(sqlite_template, file)
    made = furnish(an_app(f"sqlite:///{file}", place))
    with made.app.app_context():
        db.session.remove()
        db.engine.dispose()
    return file, made


@pytest.fixture(scope="session")
def standing(furnished: tuple[Path, Site], tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The furnished portal for tests that change nothing in it.

    A copy as well: who signs in here would otherwise be signed in wherever it is copied later.
    """
    file, made = furnished
    place = tmp_path_factory.mktemp("standing")
    shutil.copy(file, place / "site.db")
    return replace(made, known={}, app=an_app(f"sqlite:///{place / 'site.db'}", place / "data"))


@pytest.fixture
def site(furnished: tuple[Path, Site], tmp_path: Path) -> Site:
    """The furnished portal of the test's own, on SQLite."""
    file, made = furnished
    shutil.copy(file, tmp_path / "site.db")
    return replace(
        made, known={}, app=an_app(f"sqlite:///{tmp_path / 'site.db'}", tmp_path / "data")
    )


@pytest.fixture
def site_anywhere(database_url: str, tmp_path: Path) -> Site:
    """The furnished portal on either database."""
    return furnish(an_app(database_url, tmp_path / "data"))


@pytest.fixture
def alice(site: Site) -> Visitor:
    """A Global Administrator, signed in."""
    return site.visitor("alice")


@pytest.fixture
def bob(site: Site) -> Visitor:
    """An ordinary person, signed in."""
    return site.visitor("bob")

"""The room alone in a small application: directory and write path are real, the portal a stub."""

import shutil
from base64 import b64decode
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, Flask
from flask.testing import FlaskClient
from lxml import etree, html
from sqlalchemy import select
from werkzeug.test import TestResponse

from idp import clock, federation, headers, logs, sealing
from idp.changes import apply
from idp.changes.audit import AuditEntry
from idp.changes.intents import (
    AddSigningKey,
    BlockUser,
    ChangeConnection,
    ChangeUser,
    CreateConnection,
    CreateGroup,
    CreateOrganization,
    CreateUser,
    DeleteUser,
    StartSession,
)
from idp.config import Settings
from idp.directory.actors import Actor, system_actor
from idp.extensions import csrf, db, prepare_sqlite
from idp.federation import pysaml
from idp.federation.partner import Terms
from idp.licensing.catalogue import CatalogueVersion
from portal import languages
from tests.federation import partners
from tests.federation.partners import sp_metadata

PUBLIC_URL = "https://id.example"


MASTER_KEY = sealing.make_key()


def make_app(folder: Path) -> Flask:
    """A Flask application on the SQLite database of a folder."""
    settings = Settings(
        data_dir=folder, public_url=PUBLIC_URL, secret_key="s" * 32, master_key=MASTER_KEY
    )
    app = Flask("tests.federation.site")
    app.config.update(
        CHAMBERLAIN=settings,
        SECRET_KEY="s" * 32,
        SQLALCHEMY_DATABASE_URI=settings.database,
        SQLALCHEMY_ENGINE_OPTIONS={"connect_args": {"check_same_thread": False}},
        TESTING=True,
    )
    app.extensions["chamberlain_ring"] = sealing.ring(settings.master_key.get_secret_value())
    db.init_app(app)
    csrf.init_app(app)
    logs.bind(app)
    app.after_request(headers.add_headers)
    languages.bind(app)  # as the portal does for every door's pages
    federation.bind(app)
    app.register_blueprint(_portal())
    with app.app_context():
        prepare_sqlite(db.engine)
    return app


def _portal() -> Blueprint:
    stub = Blueprint("portal", __name__)
    stub.add_url_rule("/sign-in", "sign_in", lambda: "sign in")
    return stub


@dataclass
class Site:
    """One organization with one person, one group, and a browser."""

    app: Flask
    browser: FlaskClient
    org_id: str = ""
    user_id: str = ""
    partner_id: str = ""

    def copied_to(self, folder: Path) -> "Site":
        """The same organization in an application and a database of its own."""
        shutil.copy(Path(self.app.config["CHAMBERLAIN"].data_dir) / "chamberlain.db", folder)
        app = make_app(folder)
        return Site(app, app.test_client(), self.org_id, self.user_id)

    @property
    def operator(self) -> Actor:
        return system_actor(self.org_id)

    def register(self, metadata: bytes | None = None, **terms: Any) -> str:
        """Register a partner as `flask app saml` does; returns the connection's id."""
        partner = pysaml.read_partner(metadata or sp_metadata())
        settings = Terms(partner, **terms).to_settings()
        with self.app.app_context():
            change = CreateConnection(
                "saml", partner.display_name, settings=settings, entity_id=partner.entity_id
            )
            self.partner_id = apply(change, by=self.operator).first.id
        return self.partner_id

    def sign_in(self, strength: str = "password") -> None:
        """Give the browser a session, as the portal does."""
        with self.app.app_context():
            change = StartSession(self.user_id, strength, clock.now() + timedelta(hours=8))
            actor = Actor("user", self.user_id, "zoe", self.org_id, "signin", frozenset({"signin"}))
            secret = apply(change, by=actor).first.secret or ""
        self.browser.set_cookie("__Host-chamberlain", secret, domain="id.example", secure=True)

    def block(self) -> None:
        """Take the person's right to sign in away."""
        self.change(BlockUser(self.user_id))

    def deactivate(self) -> None:
        """HR lets the person go."""
        self.change(ChangeUser(self.user_id, {"active": False}))

    def delete(self) -> None:
        """The person is gone."""
        self.change(DeleteUser(self.user_id))

    def switch_partner_off(self) -> None:
        """An administrator disables the application."""
        self.change(ChangeConnection(self.partner_id, enabled=False))

    def change(self, *changes: Any) -> None:
        """Any change, by the operator."""
        with self.app.app_context():
            apply(*changes, by=self.operator)

    def get(self, address: str) -> TestResponse:
        """Follow an address in the browser, over HTTPS."""
        return self.browser.get(address, base_url=PUBLIC_URL)

    def send(self, xml: str, relay_state: str = "") -> TestResponse:
        """Send a request by redirect."""
        return self.get("/saml/contoso/sso?" + partners.redirect_query(xml, relay_state))

    def post(self, xml: str | bytes, relay_state: str = "") -> TestResponse:
        """Send a request by a form."""
        form = {"SAMLRequest": partners.posted(xml), "RelayState": relay_state}
        return self.browser.post("/saml/contoso/sso", data=form, base_url=PUBLIC_URL)


@dataclass(frozen=True)
class Posted:
    """The self-posting form of an answer."""

    action: str
    response: bytes
    relay_state: str | None


def form_of(answer: TestResponse) -> Posted:
    """The form that an answer's page would post."""
    assert answer.status_code == 200, answer.text
    form = html.fromstring(answer.text).forms[0]
    fields = dict(form.fields)
    return Posted(form.action, b64decode(fields["SAMLResponse"]), fields.get("RelayState"))


def assertion_of(answer: TestResponse) -> etree._Element:
    """The assertion of an answer that says yes in clear text."""
    posted = form_of(answer).response
    assertion = etree.fromstring(posted).find("saml:Assertion", partners.NS)
    assert assertion is not None, posted
    return assertion


def attributes_of(assertion: etree._Element) -> dict[str, list[str]]:
    """{friendly name: values} of an assertion."""
    found_ones = assertion.iterfind(".//saml:Attribute", partners.NS)
    return {str(a.get("FriendlyName")): [v.text or "" for v in a] for a in found_ones}


def status_of(answer: TestResponse) -> tuple[str, str]:
    """The last parts of the two status codes of an answer that says no."""
    root = etree.fromstring(form_of(answer).response)
    codes = [str(c.get("Value")) for c in root.iterfind(".//samlp:StatusCode", partners.NS)]
    top, second = (code.rpartition(":")[2] for code in codes)
    return top, second


def code_on(answer: TestResponse) -> str:
    """The code on a page that says that a request cannot be answered."""
    assert answer.status_code in {400, 404}, answer.text
    assert "SAMLResponse" not in answer.text
    return html.fromstring(answer.text).xpath("string(//code[1])")


def resume_address(answer: TestResponse) -> str:
    """Where the sign-in page will return to."""
    assert answer.status_code == 303
    return parse_qs(urlsplit(answer.location).query)["next"][0]


def last_audit(site: Site) -> AuditEntry:
    """What was written down last."""
    with site.app.app_context():
        entry = db.session.scalar(select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(1))
    assert entry is not None
    return entry


def found(folder: Path) -> Site:
    """An organization "Contoso" with a key, Zoe, and a group."""
    app = make_app(folder)
    with app.app_context():
        db.create_all()
        db.session.add(CatalogueVersion(id=1, version="empty"))  # else a migration's work
        db.session.commit()
        outcome = apply(CreateOrganization("Contoso", "contoso.example"), by=system_actor(""))
        org_id = outcome.first.id
        key = partners.made_key("Contoso")
        operator = system_actor(org_id)
        zoe = {
            "userName": "zoe@contoso.example",
            "displayName": "Zoë Ng",
            "name.givenName": "Zoë",
            "name.familyName": "Ng",
            "emails": [{"value": "zoe@contoso.example", "type": "work", "primary": True}],
            "active": True,
        }
        user_id = apply(CreateUser(zoe), by=operator).first.id
        apply(
            AddSigningKey("saml", "rsa-2048", key.cert_pem, key.private_pem, key.not_after),
            CreateGroup({"displayName": "Optics"}, members=(user_id,)),
            by=operator,
        )
    return Site(app, app.test_client(), org_id, user_id)

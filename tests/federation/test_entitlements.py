"""A seat becomes a claim: what somebody may use now is in the next assertion, and nothing else."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy import update

from idp.changes.intents import AssignLicense, BuySubscription, DeleteConnection, RemoveLicense
from idp.extensions import db
from idp.federation.release import LICENSES, PART_NUMBERS, PLANS, Rule
from idp.licensing.subscriptions import Pool
from tests import counterparts
from tests.counterparts import Sp
from tests.federation.site import Site, form_of
from tests.licensing import shop
from tests.licensing.shop import offer_id, sku

ALL_ON = ["OFFICE_BASIC", "OFFICE_BASIC/DOCS", "OFFICE_BASIC/MAIL_BASIC"]


@pytest.fixture
def application(site: Site, tmp_path: Path) -> Iterator[Sp]:
    """node-saml, registered with the site; Zoe is signed in and holds Office Basic."""
    metadata = tmp_path / "idp.xml"
    metadata.write_bytes(site.get("/saml/contoso/metadata").data)
    with site.app.app_context():
        shop.stock()
        site.change(BuySubscription(offer_id("office-basic"), 1))
    assign(site)
    site.sign_in()
    with counterparts.node_saml_sp(metadata) as made:
        site.register(made.metadata_file.read_bytes())
        yield made


def assign(site: Site, *plans_off: str) -> None:
    with site.app.app_context():
        site.change(AssignLicense(sku("OFFICE_BASIC"), site.user_id, plans_off=plans_off))


def arrived(site: Site, application: Sp) -> dict[str, list[str]]:
    """Sign on as a browser does; what the application was told of the person."""
    asked = requests.get(application.start_url, allow_redirects=False).headers["location"]
    posted = form_of(site.get(f"/saml/contoso/sso?{urlsplit(asked).query}"))
    told = requests.post(
        posted.action,
        data={"SAMLResponse": b64encode(posted.response).decode()},
    )
    assert told.status_code == 200, told.text
    attributes = told.json()["attributes"]
    return {name: [v] if isinstance(v, str) else v for name, v in attributes.items()}


def test_the_application_learns_what_the_person_may_use(site: Site, application: Sp) -> None:
    assert arrived(site, application)["entitlements"] == ALL_ON


def test_a_disabled_plan_is_gone_from_the_next_assertion(site: Site, application: Sp) -> None:
    arrived(site, application)
    assign(site, "MAIL_BASIC")

    assert arrived(site, application)["entitlements"] == ALL_ON[:2]


def test_a_seat_that_is_taken_back_is_gone_from_the_next_assertion(
    site: Site, application: Sp
) -> None:
    with site.app.app_context():
        site.change(RemoveLicense(sku("OFFICE_BASIC"), site.user_id))

    assert "entitlements" not in arrived(site, application)


def test_an_ended_subscription_entitles_to_nothing(site: Site, application: Sp) -> None:
    with site.app.app_context():  # as the nightly run writes it down when grace is over
        db.session.execute(update(Pool).values(enabled=0, warning=0, suspended=1))
        db.session.commit()

    assert "entitlements" not in arrived(site, application)


def test_a_mapping_chooses_parts_and_names(site: Site, application: Sp) -> None:
    rules = (
        Rule("licences", "", PART_NUMBERS),
        Rule("plans", "", PLANS),
        Rule("all", "", LICENSES),
    )
    other = application.metadata_file.read_bytes()
    with site.app.app_context():
        site.change(DeleteConnection(site.partner_id))
    site.register(other, mapping=rules)

    assert arrived(site, application) == {
        "licences": ["OFFICE_BASIC"],
        "plans": ["DOCS", "MAIL_BASIC"],
        "all": ALL_ON,
    }

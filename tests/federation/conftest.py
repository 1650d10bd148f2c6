"""Keys of both sides, made once; an organization's answer ready to be read."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from idp import clock
from idp.extensions import db
from idp.federation import keys, release, response, uris
from idp.federation.nameid import NameId
from tests.federation import partners
from tests.federation.site import Site, found


@pytest.fixture(scope="session")
def ours() -> keys.GeneratedKey:
    return partners.made_key("Contoso")


@pytest.fixture(scope="session")
def our_key(ours) -> keys.SigningKey:
    return keys.load(ours.private_pem, ours.cert_pem)


@pytest.fixture(scope="session")
def theirs() -> keys.GeneratedKey:
    return partners.made_key("Partner")


@pytest.fixture(scope="session")
def strangers() -> keys.GeneratedKey:
    return partners.made_key("Stranger")


@pytest.fixture
def envelope() -> response.Envelope:
    now = clock.now()
    return response.Envelope(
        issuer=partners.IDP,
        partner=partners.ENTITY,
        acs_url=partners.ACS,
        in_response_to="_request1",
        now=now,
        not_before=now - timedelta(minutes=5),
        until=now + timedelta(minutes=5),
    )


@pytest.fixture
def sign_on() -> response.SignOn:
    mail = release.Released("urn:oid:0.9.2342.19200300.100.1.3", "mail", ("zoe@contoso.example",))
    return response.SignOn(
        name_id=NameId(uris.NAMEID_UNSPECIFIED, "zoe@contoso.example"),
        session_index="_session1",
        authenticated_at=clock.now() - timedelta(minutes=1),
        session_ends=clock.now() + timedelta(hours=8),
        context=uris.CONTEXT_PASSWORD_TLS,
        attributes=(mail,),
    )


@pytest.fixture(scope="session")
def sown(tmp_path_factory) -> Site:
    """An organization on a database that each test gets a copy of."""
    made = found(tmp_path_factory.mktemp("sown"))
    close(made)
    return made


@pytest.fixture
def site(sown, tmp_path) -> Iterator[Site]:
    made = sown.copied_to(tmp_path)
    yield made
    close(made)


def close(made: Site) -> None:
    with made.app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def registered(site) -> Site:
    """The site with a partner that signs nothing and can be encrypted to by nobody."""
    site.register()
    return site

"""A partner's metadata is read once and strictly; ours says what a partner needs."""

import json
from base64 import b64decode

import pytest
from cryptography import x509
from lxml import etree

from idp.federation import keys, pysaml, safexml, uris
from idp.federation.errors import MetadataRefused
from idp.federation.partner import Terms, TermsCache, load
from idp.federation.release import Rule
from tests.federation import partners
from tests.federation.partners import ACS, ENTITY, NS, der_text, sp_metadata

POST_AT = f'<md:AssertionConsumerService Binding="{uris.BINDING_POST}" '


def refused(metadata: bytes) -> str:
    with pytest.raises(MetadataRefused) as refusal:
        pysaml.read_partner(metadata)
    return refusal.value.code


def test_partner_is_read(theirs):
    certificate = der_text(theirs)
    role = 'AuthnRequestsSigned="true" WantAssertionsSigned="1"'

    partner = pysaml.read_partner(
        sp_metadata(
            signing=certificate, encryption=certificate, role=role, formats=(uris.NAMEID_TRANSIENT,)
        )
    )

    assert (partner.entity_id, partner.acs[0].location, partner.acs[0].index) == (ENTITY, ACS, 1)
    assert (partner.authn_requests_signed, partner.want_assertions_signed) == (True, True)
    assert partner.signing == (certificate,)
    assert partner.encryption[0].certificate == certificate
    assert partner.nameid_formats == (uris.NAMEID_TRANSIENT,)


def test_key_without_a_use_serves_both(theirs):
    metadata = sp_metadata(signing=der_text(theirs)).replace(b'use="signing"', b"")

    partner = pysaml.read_partner(metadata)

    assert (len(partner.signing), len(partner.encryption)) == (1, 1)


def test_first_certificate_of_a_chain_is_the_partners(theirs, strangers):
    authority = f"</ds:X509Certificate><ds:X509Certificate>{der_text(strangers)}"
    partner = pysaml.read_partner(sp_metadata(signing=der_text(theirs) + authority))

    assert partner.signing == (der_text(theirs),)


def test_certificate_in_wrapped_lines_is_read(theirs):
    lines = "\n".join(theirs.cert_pem.splitlines()[1:-1])

    assert pysaml.read_partner(sp_metadata(signing=lines)).signing == (der_text(theirs),)


def test_encryption_methods_are_read_in_order(theirs):
    methods = (uris.AES128_GCM, uris.XENC + "aes128-cbc", uris.RSA_OAEP)
    partner = pysaml.read_partner(sp_metadata(encryption=der_text(theirs), methods=methods))

    assert partner.encryption[0].ciphers == methods[:2]
    assert partner.encryption[0].key_transports == ((uris.RSA_OAEP, "", ""),)


def test_default_endpoint_is_the_marked_then_the_first_unmarked():
    acs = f'{POST_AT} index="1" isDefault="false" Location="https://a.example/"/>'
    acs += f'{POST_AT} index="2" Location="https://b.example/"/>'
    marked = acs + f'{POST_AT} index="3" isDefault="true" Location="https://c.example/"/>'

    assert pysaml.read_partner(sp_metadata(acs=acs)).acs_default().location == "https://b.example/"
    assert (
        pysaml.read_partner(sp_metadata(acs=marked)).acs_default().location == "https://c.example/"
    )


def test_display_name_prefers_english():
    ui = f"""<md:Extensions><u:UIInfo xmlns:u="urn:oasis:names:tc:SAML:metadata:ui">
      <u:DisplayName xml:lang="de">Wiki auf Deutsch</u:DisplayName>
      <u:DisplayName xml:lang="en">Wiki</u:DisplayName></u:UIInfo></md:Extensions>{POST_AT}"""
    metadata = sp_metadata(acs=f'{ui} index="1" Location="{ACS}"/>')

    assert pysaml.read_partner(metadata).display_name == "Wiki"


def test_one_partner_inside_an_aggregate_is_read():
    assert pysaml.read_partner(aggregate(sp_metadata())).entity_id == ENTITY


def test_aggregate_of_several_partners_is_refused():
    assert refused(aggregate(sp_metadata(), sp_metadata())) == "metadata_not_one"


def aggregate(*entities: bytes) -> bytes:
    return (
        f'<md:EntitiesDescriptor xmlns:md="{uris.METADATA}">'.encode()
        + b"".join(entities)
        + b"</md:EntitiesDescriptor>"
    )


@pytest.mark.parametrize(
    "metadata, code",
    [
        (b"", "xml_broken"),
        (b"<html/>", "not_metadata"),
        (b"<!DOCTYPE a>" + sp_metadata(), "xml_doctype"),
        (sp_metadata() + b" " * 1_100_000, "message_too_large"),
        (sp_metadata().replace(b"SPSSO", b"IDPSSO"), "no_service_provider"),
        (
            sp_metadata().replace(uris.SAMLP.encode(), b"urn:oasis:names:tc:SAML:1.1:protocol"),
            "no_service_provider",
        ),
        (sp_metadata(acs=""), "no_post_consumer"),
        (sp_metadata().replace(b"HTTP-POST", b"HTTP-Artifact"), "no_post_consumer"),
        (sp_metadata().replace(f'entityID="{ENTITY}"'.encode(), b""), "entity_id"),
        (sp_metadata(attributes='validUntil="2020-01-01T00:00:00Z"'), "metadata_expired"),
        (sp_metadata(role='validUntil="2020-01-01T00:00:00Z"'), "metadata_expired"),
        (sp_metadata(attributes='validUntil="soon"'), "metadata_time"),
        (sp_metadata(signing="AAAA"), "certificate"),
        (sp_metadata(signing="@@@"), "certificate"),
    ],
)
def test_unusable_metadata_is_refused(metadata, code):
    assert refused(metadata) == code


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//sp.example/",
        "/acs",
        "https://",
        "https://sp.example/ x",
        "https://a@sp.example/",
        "ftp://sp.example/",
        "https://[bad/",
    ],
)
def test_endpoint_that_is_no_web_address_is_refused(address):
    assert (
        refused(sp_metadata(acs=f'{POST_AT} index="1" Location="{address}"/>'))
        == "endpoint_address"
    )


def test_partner_that_takes_only_unsafe_ciphers_is_refused(theirs):
    methods = (uris.XENC + "aes256-cbc", uris.RSA_OAEP)

    assert (
        refused(sp_metadata(encryption=der_text(theirs), methods=methods)) == "encryption_methods"
    )


def test_elliptic_key_for_encryption_is_refused():
    elliptic = partners.made_key("Elliptic", keys.EC_P256)

    assert refused(sp_metadata(encryption=der_text(elliptic))) == "encryption_key_type"


def test_terms_survive_being_stored(theirs):
    certificate = der_text(theirs)
    partner = pysaml.read_partner(sp_metadata(signing=certificate, encryption=certificate))
    terms = Terms(partner, sign_response=False, mapping=(Rule("x", "y", "userName"),))

    stored = json.loads(json.dumps(terms.to_settings()))

    assert Terms.from_settings(stored) == terms


def test_stored_terms_without_a_mapping_follow_the_default():
    settings = Terms(pysaml.read_partner(sp_metadata())).to_settings()

    assert "mapping" not in settings
    assert Terms.from_settings(settings).mapping


def test_settings_of_a_later_release_are_read():
    settings = Terms(pysaml.read_partner(sp_metadata())).to_settings()
    settings |= {"novelty": 1, "partner": settings["partner"] | {"novelty": 2}}

    assert Terms.from_settings(settings).partner.entity_id == ENTITY


def test_terms_are_loaded_once_per_version():
    settings = Terms(pysaml.read_partner(sp_metadata())).to_settings()
    cache = TermsCache(size=1)

    first = cache.get("c1", 1, settings)

    assert cache.get("c1", 1, {}) is first
    assert cache.get("c1", 2, settings) is not first


def test_keys_of_a_partner_are_loaded(theirs):
    certificate = der_text(theirs)
    loaded = load(
        Terms(pysaml.read_partner(sp_metadata(signing=certificate, encryption=certificate)))
    )

    assert (len(loaded.verifying), loaded.encrypting is None) == (1, False)


def test_partner_that_is_not_to_be_encrypted_to_is_not(theirs):
    terms = Terms(pysaml.read_partner(sp_metadata(encryption=der_text(theirs))), encrypt=False)

    assert load(terms).encrypting is None


@pytest.fixture
def own(ours, our_key) -> etree._Element:
    described = pysaml.OwnDescription(
        partners.IDP, partners.SSO, 'Contoso & "Söhne"', ["contoso.example"], [der_text(ours)]
    )
    return safexml.parse(pysaml.write_own(described, our_key))


def test_our_metadata_is_signed(own, ours):
    partners.foreign_verify(own, ours)


def test_our_metadata_names_certificate_scope_and_both_bindings(own, ours):
    role = own.find("md:IDPSSODescriptor", NS)

    assert role.findtext(".//ds:X509Certificate", None, NS) == der_text(ours)
    assert role.findtext(".//{urn:mace:shibboleth:metadata:1.0}Scope") == "contoso.example"
    services = role.findall("md:SingleSignOnService", NS)
    assert [s.get("Binding") for s in services] == [uris.BINDING_REDIRECT, uris.BINDING_POST]
    assert {s.get("Location") for s in services} == {partners.SSO}


def test_our_metadata_escapes_the_organizations_name(own):
    name = own.findtext(".//{urn:oasis:names:tc:SAML:metadata:ui}DisplayName")

    assert name == 'Contoso & "Söhne"'


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_generated_key_loads_and_lasts(algorithm):
    made = keys.generate(
        algorithm, "An organization with a name much longer than X.520 allows " * 3
    )

    loaded = keys.load(made.private_pem, made.cert_pem)

    certificate = x509.load_der_x509_certificate(b64decode(loaded.certificate))
    assert certificate.not_valid_after_utc == made.not_after
    assert keys.verifies(loaded.private.public_key(), loaded.algorithm, loaded.sign(b"x"), b"x")


def test_unknown_algorithm_makes_no_key():
    with pytest.raises(ValueError, match="rsa-512 is not one of"):
        keys.generate("rsa-512", "Contoso")


def test_portal_is_lent_the_reading_of_metadata(site):
    read = site.app.extensions["chamberlain.read_saml_metadata"]

    entity_id, name, settings = read(sp_metadata())

    assert (entity_id, name) == (ENTITY, ENTITY)
    assert Terms.from_settings(settings).partner.acs[0].location == ACS


def test_refused_metadata_names_the_field_of_the_form():
    with pytest.raises(MetadataRefused) as refusal:
        pysaml.read_partner(b"<html/>")

    assert refusal.value.attribute == "metadata"

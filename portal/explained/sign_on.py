"""Codes about signing on to applications: SAML requests, signatures, metadata."""

from flask_babel import lazy_gettext as _

from portal.explained.entry import KEEPER, PARTNER, YOURSELF, Explained, same

CODES = {
    **same(
        Explained(
            _(
                "The application’s request is damaged, incomplete or in a form that is not "
                "accepted. Nobody was signed in."
            ),
            _(
                "Start again from the application. If it happens each time, its SAML settings need "
                "to be corrected there."
            ),
            PARTNER,
        ),
        "base64_broken deflate_broken encoding_unknown parameter_twice message_too_large "
        "relay_state_too_long request_missing "
        "request_malformed request_id request_time issuer_missing issuer_format not_authn_request "
        "version_unknown xml_broken "
        "xml_doctype xml_encoding",
    ),
    **same(
        Explained(
            _(
                "A sign-on works once and for a few minutes. This one was finished already, waited "
                "too long, or came twice."
            ),
            _(
                "Start again from the application instead of going back. If it happens each time, "
                "compare the clocks of both servers."
            ),
            YOURSELF,
        ),
        "request_gone request_replayed request_stale",
    ),
    "partner_unknown": Explained(
        _("An application sent you here that your organization has not registered."),
        _("Ask for it to be added under Applications, by its metadata."),
        KEEPER,
    ),
    "partner_expired": Explained(
        _("What the application told us about itself was valid until a day that has passed."),
        _("Remove the application and add it again by its new metadata."),
        KEEPER,
    ),
    "destination_wrong": Explained(
        _("The application addressed its request to another server or organization."),
        _("Give the application our metadata anew; the address of sign-on stands in it."),
        PARTNER,
    ),
    "endpoint_unknown": Explained(
        _(
            "The application wants the answer at an address that its metadata does not name. "
            "Answers go only to known addresses."
        ),
        _("Add the application again by metadata that names this address."),
        PARTNER,
    ),
    "organization_unknown": Explained(
        _("The address names an organization that is not here."),
        _("Check the address; it stands in the organization’s metadata."),
        PARTNER,
    ),
    **same(
        Explained(
            _(
                "The application’s request must be signed, by the key in its metadata and over "
                "exactly what it sends. This one is not, or uses an algorithm that is no longer "
                "safe."
            ),
            _(
                "Compare the certificate in the application with the one in its metadata here. "
                "After a change of keys, add the metadata again."
            ),
            PARTNER,
        ),
        "signature_missing signature_wrong signature_unknown signature_malformed "
        "signature_algorithm signature_elsewhere",
    ),
    **same(
        Explained(
            _(
                "The metadata cannot be used: it is not of one service provider, it names no "
                "address for HTTP-POST, has expired, or holds a key or address that is not "
                "accepted."
            ),
            _(
                "Get the application’s metadata anew, as a file, and do not change it. The "
                "sentence names the part that is wrong."
            ),
            PARTNER,
        ),
        "metadata_missing metadata_not_one metadata_time metadata_expired not_metadata "
        "no_service_provider no_post_consumer "
        "entity_id endpoint_address certificate encryption_key_type encryption_methods",
    ),
}

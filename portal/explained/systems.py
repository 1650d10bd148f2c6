"""Codes about connected systems: SCIM, tokens, event streams, applications that we provision."""

from flask_babel import lazy_gettext as _

from portal.explained.entry import KEEPER, PARTNER, YOURSELF, Explained, same

CODES = {
    # --- the brake ------------------------------------------------------------------------------
    **same(
        Explained(
            _(
                "A connected system asked to remove more people, groups or members than its brake "
                "allows at once. That is how a bad export looks, so nothing of it was applied."
            ),
            _(
                "Open the system under Provisioning, see what it asked for, and approve or reject "
                "it."
            ),
            KEEPER,
        ),
        "brake_engaged connection_quarantined",
    ),
    "not_quarantined": Explained(
        _("There is nothing to decide: the system is not stopped, or somebody decided already."),
        _("Reload the page."),
        YOURSELF,
    ),
    "brake_limit": Explained(
        _("A limit of the brake is a whole number, and a share is a percentage up to 100."),
        _("Correct the number beside which the error stands."),
        YOURSELF,
    ),
    # --- connections, tokens, secrets -----------------------------------------------------------
    "connection_name": Explained(
        _("Each connected system has a name of its own, by which its values are owned."),
        _("Choose another name, of 1 to 256 characters."),
        YOURSELF,
    ),
    "connection_name_taken": Explained(
        _("There is a system of this name and kind already."),
        _("Choose another name, or open the one that is there."),
        YOURSELF,
    ),
    "entity_id_taken": Explained(
        _("An application is known by its entity id, and this one is registered already."),
        _("Open the application that is there; remove it first, if this one is to replace it."),
        KEEPER,
    ),
    **same(
        Explained(
            _("A choice was sent that is not among those offered."),
            _("Reload the page and choose again."),
            YOURSELF,
        ),
        "profile_unknown scope_unknown delivery_unknown detail_unknown auth_unknown "
        "deprovision_unknown writes_unknown",
    ),
    **same(
        Explained(
            _(
                "Two secrets and a few keys may live at once, so that they can be exchanged "
                "without an interruption; no more."
            ),
            _("Revoke the one that is no longer used, then make the new one."),
            KEEPER,
        ),
        "too_many_secrets too_many_keys",
    ),
    **same(
        Explained(
            _(
                "The key cannot be used: it is a private one, of a kind or size that is not "
                "accepted, too long, or not a key at all."
            ),
            _(
                "Paste the public half alone, as JWK or PEM: RSA of at least 2,048 bits, EC on "
                "P-256, or Ed25519."
            ),
            PARTNER,
        ),
        "key_unfit key_private key_too_long key_unreadable",
    ),
    "key_known": Explained(
        _("This key is registered already."),
        _("Make a new pair of keys: each connection has its own."),
        PARTNER,
    ),
    "not_a_client": Explained(
        _("Only systems that push people here prove themselves by secrets or keys."),
        _("Open a system under Provisioning."),
        YOURSELF,
    ),
    **same(
        Explained(
            _("A setting of a connection is outside of the range that it may have."),
            _("The sentence names the range. Enter a number within it."),
            YOURSELF,
        ),
        "rate_out_of_range journal_days_out_of_range members_out_of_range",
    ),
    # --- what SCIM clients are told -------------------------------------------------------------
    **same(
        Explained(
            _(
                "A SCIM client asked with a filter or an order that cannot be answered: an "
                "attribute that is not there, or a value of another type."
            ),
            _("The journal of the system shows the request. Correct the filter in the system."),
            PARTNER,
        ),
        "filter_bad_value filter_unknown_attribute sort_impossible",
    ),
    "bulk_took_too_long": Explained(
        _(
            "A Bulk request held more than could be done in its time. What its answer reports as "
            "done is done."
        ),
        _("Send fewer operations at once."),
        PARTNER,
    ),
    # --- event streams --------------------------------------------------------------------------
    "stream_exists": Explained(
        _("A system has one stream of events."),
        _("End the one that is there first."),
        YOURSELF,
    ),
    **same(
        Explained(
            _(
                "Where events are sent must be an https address, and what is sent along has no "
                "line breaks."
            ),
            _("Copy the receiver’s address and header value anew."),
            PARTNER,
        ),
        "endpoint_malformed authorization_malformed audience_malformed",
    ),
    "too_many_groups": Explained(
        _(
            "A stream covers a limited number of groups, for each of its events asks who is in "
            "them."
        ),
        _("Put the groups into one group, and choose that one."),
        YOURSELF,
    ),
    # --- applications that are provisioned ------------------------------------------------------
    "target_url": Explained(
        _(
            "People are sent by https to an address without a query, such as "
            "https://app.example/scim/v2."
        ),
        _("Copy the SCIM address from the application’s own settings."),
        PARTNER,
    ),
    **same(
        Explained(
            _(
                "The application lets nobody in without its secret, and a secret is never sent to "
                "another address than the one it was given for."
            ),
            _("Enter the secret that the application gave you."),
            PARTNER,
        ),
        "secret_missing secret_again",
    ),
    **same(
        Explained(
            _(
                "A line of the mapping names an attribute that there is not, or one that we set "
                "ourselves, or has no “=”."
            ),
            _(
                "Each line is “attribute there = attribute here”. docs/provisioning.md has "
                "examples."
            ),
            KEEPER,
        ),
        "mapping_line mapping_target mapping_source license_unknown",
    ),
    "target_paused": Explained(
        _("The application is paused, so nothing is sent there."),
        _("Resume it first."),
        YOURSELF,
    ),
    "removals_changed": Explained(
        _(
            "While you decided, others came or went: it is no longer the same people who would "
            "lose their account."
        ),
        _("Look at the list again, then approve."),
        YOURSELF,
    ),
}

"""Codes of the product itself: pages, forms, the server and its storage."""

from flask_babel import lazy_gettext as _

from portal.explained.entry import GLOBAL, OPERATOR, YOURSELF, Explained, same

CODES = {
    **same(
        Explained(
            _(
                "What the address names is not there: it was deleted, the address is mistyped, or "
                "it belongs to another organization."
            ),
            _(
                "Go back to the list and open it from there. What was deleted is told in the "
                "audit; deleted people can be restored."
            ),
            YOURSELF,
        ),
        "page_not_found user_not_found group_not_found connection_not_found token_not_found "
        "secret_not_found role_not_found "
        "role_assignment_not_found session_not_found stream_not_found target_not_found "
        "application_not_found "
        "journal_entry_not_found organization_not_found wish_not_found case_not_found "
        "incident_not_found delivery_not_found",
    ),
    **same(
        Explained(
            _("The page needs a permission that none of your roles gives."),
            _(
                "The question “Why can’t I see this?” on the help page tells which roles give it. "
                "Ask a Global Administrator for one of them."
            ),
            GLOBAL,
        ),
        "permission_missing forbidden",
    ),
    **same(
        Explained(
            _(
                "The browser sent something that this address does not take: a damaged form, or a "
                "link where a button is needed."
            ),
            _("Go back, reload the page, and press the button again."),
            YOURSELF,
        ),
        "bad_request wrong_method http_error",
    ),
    "preview_reads_only": Explained(
        _("You are looking at the portal as another role. Nothing can be changed meanwhile."),
        _("Press “End preview” at the top of the page, then do it with your own roles."),
        YOURSELF,
    ),
    "preview_ended": Explained(
        _(
            "The page was drawn while you looked at the portal as another role. That has ended, "
            "and what you sent would have been done with your own roles."
        ),
        _("Open the page anew; if you want the change, make it there."),
        YOURSELF,
    ),
    "form_expired": Explained(
        _(
            "A form proves by a hidden value that it came from here. That value is too old, or "
            "your browser did not send its cookie."
        ),
        _(
            "Reload the page and send the form again. Where this happens each time, let your "
            "browser keep cookies of this site."
        ),
        YOURSELF,
    ),
    "too_slow": Explained(
        _("The request did not arrive in time: a slow connection, or a very large file."),
        _("Try again over a faster connection, or with a smaller file."),
        YOURSELF,
    ),
    "too_large": Explained(
        _("A form or file is larger than this server accepts."),
        _("Send less at once. The operator can raise the limit (CHAMBERLAIN_MAX_BODY_BYTES)."),
        OPERATOR,
    ),
    **same(
        Explained(
            _(
                "More was asked in a short time than the limit allows. That protects everybody "
                "against floods and guessing."
            ),
            _("Wait as long as the answer says, then go on. Nothing is locked for good."),
            YOURSELF,
        ),
        "too_many_requests rate_limited helpdesk_throttled signup_throttled setup_throttled",
    ),
    **same(
        Explained(
            _(
                "Many changes met at the same rows, and yours had to wait too long. Nothing of it "
                "was made."
            ),
            _("Send it again after a moment."),
            YOURSELF,
        ),
        "storage_busy changed_meanwhile",
    ),
    **same(
        Explained(
            _(
                "Somebody else changed the same thing after you had opened it. Your change was not "
                "written over theirs."
            ),
            _("Reload to see what is there now, then make your change again."),
            YOURSELF,
        ),
        "version_stale",
    ),
    **same(
        Explained(
            _("The server cannot reach its database just now, or it has no room left."),
            _(
                "Try again shortly. The operator finds the cause with “flask doctor” and at "
                "/health/ready."
            ),
            OPERATOR,
        ),
        "unavailable storage_unavailable storage_full",
    ),
    "server_error": Explained(
        _("The server made a mistake. What you sent was not carried out."),
        _(
            "Try once more. If it happens again, report the request’s number: the log tells what "
            "went wrong."
        ),
        OPERATOR,
    ),
    "schema_outdated": Explained(
        _("The program was renewed and its database was not: the two do not fit each other."),
        _("The operator runs “flask db upgrade” once, then the server answers again."),
        OPERATOR,
    ),
    "master_key_wrong": Explained(
        _("The server was started with another master key than the one that sealed this database."),
        _(
            "The operator puts back the right key (CHAMBERLAIN_MASTER_KEY, or the file master_key "
            "in the data directory)."
        ),
        OPERATOR,
    ),
    **same(
        Explained(
            _("This server was started without the part that the page needs."),
            _("The operator starts the whole product, not a part of it."),
            OPERATOR,
        ),
        "saml_missing oauth_missing scim_missing",
    ),
    "installation_founded": Explained(
        _("An installation is set up once, and somebody has done so already."),
        _(
            "Sign in. Who cannot, runs “flask admin-link” on the server; further organizations "
            "are added with “flask org create”."
        ),
        OPERATOR,
    ),
    "user_name_foreign": Explained(
        _("The first administrator’s user name ends in the domain of their organization."),
        _("Enter the part before the @ alone; the domain is put behind it."),
        YOURSELF,
    ),
    "not_the_demo": Explained(
        _("The demo does not write into a database that holds real organizations."),
        _("Start the demo with an empty directory in CHAMBERLAIN_DATA_DIR."),
        OPERATOR,
    ),
    "organization_name": Explained(
        _(
            "An organization is shown by its name everywhere, so it needs one of 1 to 256 "
            "characters."
        ),
        _("Enter a name without control characters."),
        YOURSELF,
    ),
    **same(
        Explained(
            _(
                "What an organization says of itself is checked: a country, language and time zone "
                "from the lists, e-mail addresses for contacts, an address of ordinary characters."
            ),
            _("The sentence beside the field says which. Correct it, then send again."),
            YOURSELF,
        ),
        "country_unknown language_unknown timezone_unknown address_invalid contact_invalid",
    ),
    **same(
        Explained(
            _(
                "The colour could not be read as text on the pages: the contrast that was measured "
                "stands in the sentence, and 4.5:1 is needed."
            ),
            _("Take a darker colour for the light theme, a lighter one for the dark."),
            YOURSELF,
        ),
        "colour_malformed colour_unreadable",
    ),
    **same(
        Explained(
            _(
                "A logo is a PNG or JPEG picture of at most 100 kB. SVG is not taken: it can hold "
                "programs."
            ),
            _("Save the picture as PNG, about 200 pixels wide."),
            YOURSELF,
        ),
        "logo_too_large logo_unknown",
    ),
    **same(
        Explained(
            _("An incident is opened, told of and closed from the console, in that order."),
            _("List the incidents with “flask incident list”, and name one that is open."),
            OPERATOR,
        ),
        "incident_closed incident_text impact_unknown",
    ),
    "delivery_open": Explained(
        _("Only what was given up can be tried again; this mail is on its way or has arrived."),
        _("Reload the page."),
        YOURSELF,
    ),
    "cursor_malformed": Explained(
        _("The address of a list’s page was changed or cut off."),
        _("Go back to the first page of the list."),
        YOURSELF,
    ),
}

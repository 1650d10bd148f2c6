"""Codes about people, groups, roles, names, passwords and signing in here."""

from flask_babel import lazy_gettext as _

from portal.explained.entry import ADMINISTRATOR, GLOBAL, KEEPER, YOURSELF, Explained, same

CODES = {
    # --- signing in -----------------------------------------------------------------------------
    "sign_in_failed": Explained(
        _(
            "The name or the password is not right, the account is disabled, or it has no password "
            "yet. Which of these is not said, so that nobody can find out by trying."
        ),
        _(
            "Check the keyboard’s language and Caps Lock. If it still fails, ask for a one-time "
            "link to choose a new password."
        ),
        ADMINISTRATOR,
    ),
    "sign_in_throttled": Explained(
        _(
            "Too many attempts failed for this name or from this network. The pause grows with "
            "each failure and is a quarter of an hour at most."
        ),
        _("Wait as long as the page says. A one-time link from an administrator works at once."),
        ADMINISTRATOR,
    ),
    "link_ended": Explained(
        _(
            "A one-time link works once, for a limited time, and only the newest one of a person "
            "works."
        ),
        _("Ask for a new link."),
        ADMINISTRATOR,
    ),
    "password_wrong": Explained(
        _(
            "To change a password one enters the present one, so that nobody else can at an "
            "unlocked computer."
        ),
        _(
            "Enter the password that you signed in with. Who has forgotten it asks for a one-time "
            "link."
        ),
        ADMINISTRATOR,
    ),
    **same(
        Explained(
            _(
                "A password is what keeps others out: it has a least length, is not among those "
                "that attackers try first, and is not made of your own name."
            ),
            _(
                "Take several words that do not belong together; spaces and every script are "
                "welcome."
            ),
            YOURSELF,
        ),
        "password_too_short password_too_long password_common password_personal password_unusable",
    ),
    "password_of_another": Explained(
        _("Nobody may know another’s password, administrators neither."),
        _("Send a one-time link: the person chooses the password."),
        YOURSELF,
    ),
    "user_cannot_sign_in": Explained(
        _("A link would let somebody in who may not come in: the person is disabled or blocked."),
        _(
            "Unblock the person here, or let the system they come from activate them; then send "
            "the link."
        ),
        ADMINISTRATOR,
    ),
    "purpose_unknown": Explained(
        _(
            "A one-time link is an invitation, a reset, or an administrator’s rescue; something "
            "else was asked."
        ),
        _("Use the buttons on the person’s page."),
        YOURSELF,
    ),
    # --- who may do what ------------------------------------------------------------------------
    "target_holds_role": Explained(
        _(
            "Who holds a role could be used to gain that role. So only a Global Administrator "
            "changes such people."
        ),
        _("Ask a Global Administrator to do it."),
        GLOBAL,
    ),
    "outside_scope": Explained(
        _(
            "Your role covers the members of one group. What you tried concerns somebody or "
            "something outside of it."
        ),
        _("Ask an administrator whose role covers everybody."),
        GLOBAL,
    ),
    "group_scopes_role": Explained(
        _(
            "Somebody’s role covers this group’s members. Changing them would change how far that "
            "role reaches."
        ),
        _("Ask a Global Administrator to change the members."),
        GLOBAL,
    ),
    "self_not_editable": Explained(
        _("You may change some of your own attributes; this one is the organization’s to say."),
        _("Ask an administrator, or whoever keeps the HR system it comes from."),
        ADMINISTRATOR,
    ),
    "self_block": Explained(
        _("Who blocks themselves could not undo it."),
        _("Let another administrator do it."),
        GLOBAL,
    ),
    "own_role": Explained(
        _("Nobody raises their own power; for that, roles are given and taken by somebody else."),
        _("Ask another Global Administrator."),
        GLOBAL,
    ),
    "last_global_administrator": Explained(
        _(
            "Without a Global Administrator who can sign in, nobody could give roles any more. So "
            "no door removes the last one."
        ),
        _("Make somebody else Global Administrator first, then repeat this."),
        GLOBAL,
    ),
    **same(
        Explained(
            _(
                "How an administrator signs in is decided here alone: a connected system could "
                "otherwise become that administrator."
            ),
            _("Change it in the portal, or send the administrator a one-time link."),
            GLOBAL,
        ),
        "administrator_password administrator_protected",
    ),
    "attribute_owned": Explained(
        _(
            "Each value belongs to the source that wrote it. This one comes from a connected "
            "system, which would overwrite it again."
        ),
        _("Change it in that system. Its name stands beside the value."),
        KEEPER,
    ),
    "source_not_allowed": Explained(
        _("The value would be written as if it came from a system that did not write it."),
        _("Send it through the connection that it belongs to."),
        KEEPER,
    ),
    # --- names and values -----------------------------------------------------------------------
    **same(
        Explained(
            _(
                "Names stand for one person or group each. This one is in use, also in another way "
                "of writing it (capitals, width)."
            ),
            _("Search for the name to see who has it, then choose another one or edit that one."),
            ADMINISTRATOR,
        ),
        "user_name_taken group_name_taken external_id_taken organization_taken",
    ),
    **same(
        Explained(
            _(
                "A name needs visible characters, without spaces at either end and without "
                "invisible ones, so that no two names look alike."
            ),
            _("Type the name anew instead of pasting it."),
            YOURSELF,
        ),
        "user_name_missing user_name_unclear group_name_missing group_name_unclear",
    ),
    "domain_of_another": Explained(
        _(
            "User names that end in a domain belong to the organization that has proven the "
            "domain, and that is another one."
        ),
        _("Choose a name in a domain of yours."),
        KEEPER,
    ),
    **same(
        Explained(
            _("The domain is in use: here already, or proven by another organization."),
            _("Check the spelling. If the domain is yours, ask the operator who has proven it."),
            KEEPER,
        ),
        "domain_present domain_taken",
    ),
    "domain_malformed": Explained(
        _("A domain is a name such as example.com, without address or path."),
        _("Enter the name alone."),
        YOURSELF,
    ),
    **same(
        Explained(
            _(
                "A value does not fit its attribute: too long, of another type, with characters "
                "that cannot be kept, or there are too many values."
            ),
            _("The sentence beside the field says which. Correct it, then send again."),
            YOURSELF,
        ),
        "value_too_long wrong_type forbidden_character too_many_values value_not_storable "
        "two_primaries",
    ),
    "unknown_attribute": Explained(
        _("The attribute is not one that your organization knows."),
        _("Check its name. Attributes of your own are defined with “flask schema define”."),
        KEEPER,
    ),
    **same(
        Explained(
            _(
                "What was entered names nobody here: the person, group or role does not exist, or "
                "was deleted meanwhile."
            ),
            _("Choose from the suggestions, or look at the list of people and groups."),
            YOURSELF,
        ),
        "member_unknown manager_unknown user_unknown group_unknown role_unknown",
    ),
    "group_circle": Explained(
        _("A group would become a member of itself, through other groups."),
        _("The sentence names the way. Take one of these groups out first."),
        ADMINISTRATOR,
    ),
    "user_not_deleted": Explained(
        _("Only who is deleted can be restored; this person is there."),
        _("Reload the page: somebody may have been quicker."),
        YOURSELF,
    ),
    **same(
        Explained(
            _(
                "The day on which something should end is not possible: past already, or too far "
                "ahead."
            ),
            _("Choose a day in the range that the sentence names, or none."),
            YOURSELF,
        ),
        "expiry_past expiry_too_far expiry_out_of_range",
    ),
    # --- attributes of one's own ----------------------------------------------------------------
    **same(
        Explained(
            _(
                "The definition of an organization’s own attributes is not complete, or would "
                "define something twice, or would hold secrets."
            ),
            _("Correct the definition as the sentence says; docs/scim.md has an example."),
            KEEPER,
        ),
        "schema_attribute schema_duplicate schema_empty schema_secret schema_urn schema_not_json",
    ),
}

"""Codes about subscriptions, trials, agreements, invoices and usage."""

from flask_babel import lazy_gettext as _

from portal.explained.entry import OPERATOR, YOURSELF, Explained, same

BUYER = _("A Global Administrator or Billing Administrator of your organization can help.")

CODES = {
    # --- subscriptions --------------------------------------------------------------------------
    **same(
        Explained(
            _("What the address names is not there, or belongs to another organization."),
            _("Open it from the list of services, agreements or invoices."),
            YOURSELF,
        ),
        "subscription_not_found agreement_not_found invoice_not_found quota_not_found "
        "service_not_found",
    ),
    **same(
        Explained(
            _(
                "The subscription is not in a state in which this can be done. Its page shows the "
                "state, and when it changes by itself."
            ),
            _(
                "Reload the page: it offers what can be done now. What is over is renewed, or "
                "bought anew."
            ),
            BUYER,
        ),
        "subscription_not_active subscription_not_disabled subscription_not_over "
        "subscription_deleted cancelled_already "
        "not_cancelled term_over",
    ),
    "signup_closed": Explained(
        _("To sign up needs an organization of the operator's own, and there is none yet."),
        _("Make the first organization; then people can sign up."),
        OPERATOR,
    ),
    "quantity_fixed": Explained(
        _("The offer is sold with a fixed number of units, as trials are."),
        _("Buy another offer of the product, or convert the trial."),
        BUYER,
    ),
    **same(
        Explained(
            _("A subscription starts today or within a year from now."),
            _("Choose another day."),
            YOURSELF,
        ),
        "start_past start_too_far",
    ),
    "upgrade_unknown": Explained(
        _(
            "Not every offer leads to every other one; the page of the subscription shows those "
            "that it leads to."
        ),
        _("Choose one of these, or buy the other product beside it."),
        BUYER,
    ),
    # --- trials ---------------------------------------------------------------------------------
    **same(
        Explained(
            _(
                "A trial is had once, is extended once where its offer allows it, and ends by "
                "itself. It never turns into something that costs money unless somebody converts "
                "it."
            ),
            _("Convert the trial while it runs, or buy the product."),
            BUYER,
        ),
        "trial_used trial_over trial_extended trial_not_renewed not_extensible",
    ),
    # --- agreements -----------------------------------------------------------------------------
    **same(
        Explained(
            _("The offer is sold under an agreement that is in force, and none such was chosen."),
            _("Choose another agreement, or register yours first."),
            BUYER,
        ),
        "agreement_missing agreement_not_in_force agreement_terminated",
    ),
    **same(
        Explained(
            _("What was entered for an agreement contradicts itself, or another agreement."),
            _("Compare number, days and parent with the agreement on paper."),
            BUYER,
        ),
        "agreement_circle agreement_number_taken coverage_invalid",
    ),
    # --- invoices -------------------------------------------------------------------------------
    **same(
        Explained(
            _(
                "An invoice that was issued is a document: it never changes. What is wrong with it "
                "is put right by a credit note."
            ),
            _("Issue a credit note for what is too much."),
            BUYER,
        ),
        "invoice_issued invoice_settled credit_note",
    ),
    **same(
        Explained(
            _("The invoice was paid or voided already; somebody may have been quicker."),
            _("Reload the page."),
            BUYER,
        ),
        "invoice_paid invoice_void",
    ),
    "credit_too_large": Explained(
        _("A credit gives back at most what the invoice still asks for."),
        _("Enter an amount up to what is left."),
        BUYER,
    ),
    # --- words and figures ----------------------------------------------------------------------
    **same(
        Explained(
            _(
                "A field that must be filled is empty, or holds too much, or characters that "
                "cannot be kept."
            ),
            _("The sentence beside the field says which. Correct it, then send again."),
            YOURSELF,
        ),
        "value_missing text_invalid reason_missing day_invalid usage_invalid",
    ),
    # --- seats ----------------------------------------------------------------------------------
    "group_has_licenses": Explained(
        _(
            "The group gives its members licences. If it vanished, they would lose them without "
            "anybody having decided so."
        ),
        _("Remove the licences from the group first; the page says who would lose what."),
        BUYER,
    ),
    "seats_unsound": Explained(
        _(
            "The count of seats and the seats themselves would disagree after this change, so it "
            "was refused."
        ),
        _("Try again. If it happens again, the operator runs “flask license check”."),
        OPERATOR,
    ),
}

"""Codes about services, subscriptions, licences and invoices."""

from flask_babel import lazy_gettext as _

from portal.explained.entry import ADMINISTRATOR, GLOBAL, OPERATOR, YOURSELF, Explained, same

CODES = {
    **same(
        Explained(
            _("The product or offer was withdrawn: what is held stays, and nothing new is given."),
            _("Look in the catalogue for what replaces it."),
            GLOBAL,
        ),
        "offer_retired sku_retired",
    ),
    **same(
        Explained(
            _(
                "The product or offer is not in the catalogue, or not in the form that the address "
                "says."
            ),
            _("Open the catalogue and choose it there."),
            YOURSELF,
        ),
        "offer_not_found product_not_found license_not_found",
    ),
    "catalogue_invalid": Explained(
        _("The file of services and offers contradicts itself or lacks something."),
        _("The sentence names the place in the file. Correct it, then load the file again."),
        OPERATOR,
    ),
    "holder_not_active": Explained(
        _("A licence is for somebody who can use it. This person is disabled, blocked or deleted."),
        _("Unblock or activate the person first; licences by group come back by themselves."),
        ADMINISTRATOR,
    ),
    "license_not_assigned": Explained(
        _(
            "What should be removed was not given here: the licence comes through a group, or was "
            "taken away meanwhile."
        ),
        _("The person’s page tells where each licence comes from. Remove it there."),
        ADMINISTRATOR,
    ),
    "plan_unknown": Explained(
        _("A part of a product was named that the product does not have."),
        _("Reload the page: the product may have changed."),
        YOURSELF,
    ),
    "plans_all_off": Explained(
        _("A licence with every part switched off would take a seat and give nothing."),
        _("Leave one part on, or remove the licence."),
        YOURSELF,
    ),
    "quantity_invalid": Explained(
        _("A subscription has at least one unit, and a number that can be counted."),
        _("Enter a whole number in the range that the sentence names."),
        YOURSELF,
    ),
    "sku_not_assignable": Explained(
        _("The organization uses this product as a whole, so nobody holds a seat of it."),
        _("Nothing needs to be assigned: everybody has it while the subscription runs."),
        YOURSELF,
    ),
}

"""Codes about services, subscriptions, licences and invoices."""

from flask_babel import lazy_gettext as _

from portal.explained.entry import (
    ADMINISTRATOR,
    GLOBAL,
    OPERATOR,
    PARTNER,
    YOURSELF,
    Explained,
    same,
)

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
        "offer_not_found product_not_found license_not_found service_not_found product_unknown",
    ),
    "catalogue_invalid": Explained(
        _("The file of services and offers contradicts itself or lacks something."),
        _("The sentence names the place in the file. Correct it, then load the file again."),
        OPERATOR,
    ),
    "count_violation": Explained(
        _("There are fewer licences of the product than people who should have one."),
        _("Buy more or take some back: who has waited longest is served by itself."),
        ADMINISTRATOR,
    ),
    "mutually_exclusive_violation": Explained(
        _("The product holds a part that must not be used together with one the person has."),
        _("Switch one of the two parts off, or remove one of the products."),
        ADMINISTRATOR,
    ),
    "dependency_violation": Explained(
        _("One product needs a part of another: it is missing, or would be taken away under it."),
        _("Assign what is needed first, or remove what needs it."),
        ADMINISTRATOR,
    ),
    "prohibited_in_usage_location_violation": Explained(
        _("A part of the product may not be used in the person’s country."),
        _("Switch that part off, or correct the country of the person or the organization."),
        ADMINISTRATOR,
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
    **same(
        Explained(
            _("The file is empty, too long, has too many lines, or is no text."),
            _("Save it as CSV with at most 2,000 lines and 1 MB, and try again."),
            YOURSELF,
        ),
        "file_empty file_too_long too_many_rows",
    ),
    **same(
        Explained(
            _("Nobody was chosen, or more than one form can take."),
            _("Choose people or a group; for very many use a group or a file."),
            YOURSELF,
        ),
        "nobody_chosen too_many_chosen",
    ),
    "nothing_to_copy": Explained(
        _("The person whose licences should be copied holds none."),
        _("Choose somebody who has what the others should get."),
        YOURSELF,
    ),
    **same(
        Explained(
            _("What you ask for is yours already, or you have asked for it and nobody answered."),
            _("Your licences tell what you have and how your requests stand."),
            YOURSELF,
        ),
        "license_held request_open",
    ),
    **same(
        Explained(
            _("The request was decided by somebody else meanwhile, or who asked has left."),
            _("Look at the list of requests again."),
            YOURSELF,
        ),
        "request_decided license_request_not_found",
    ),
    "not_oneself": Explained(
        _("A request is a person’s own: nobody asks in another’s name."),
        _("Assign the licence instead, if your role lets you."),
        YOURSELF,
    ),
    "sku_not_subscribed": Explained(
        _("The organization has no licence of this product, so none can be given."),
        _("Ask who buys for your organization."),
        ADMINISTRATOR,
    ),
    **same(
        Explained(
            _("The text is longer than there is room for, or holds characters that are no text."),
            _("Shorten it, and type it rather than paste it."),
            YOURSELF,
        ),
        "text_too_long text_invalid",
    ),
    **same(
        Explained(
            _("A call of the API for licences did not say which products it is about."),
            _("Name them by SKU id or part number, as the description at /api says."),
            PARTNER,
        ),
        "nothing_asked product_missing",
    ),
    "api_scope_unknown": Explained(
        _("A system can be given only the scopes of the API that there are."),
        _("Choose from the scopes that the page of the system lists."),
        YOURSELF,
    ),
    "sku_not_assignable": Explained(
        _("The organization uses this product as a whole, so nobody holds a seat of it."),
        _("Nothing needs to be assigned: everybody has it while the subscription runs."),
        YOURSELF,
    ),
}

"""The lists of services, subscriptions, agreements and invoices: columns, as pages and as files.

A reader without billing.read gets no price in a file, for the reads give none.
"""

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from idp.directory.actors import Actor
from idp.directory.views import Page
from idp.licensing import queries
from idp.licensing.overview import ServiceRow
from portal.billing_words import STATES, ends_word, service_word
from portal.listing import Asked, Column, Listing
from portal.words import money


def _services(actor: Actor, _asked: Asked, _cursor: str | None, _limit: int) -> Page[ServiceRow]:
    return Page(queries.services(actor))


SERVICES = Listing(
    "services",
    _l("Services"),
    "portal.services",
    needs="services.read",
    columns=(
        Column("service", _l("Service"), lambda row, _: row.service.name),
        Column("total", _l("Total"), lambda row, _: row.total, kind="number"),
        Column("used", _l("In use"), lambda row, _: row.used, kind="number"),
        Column("left", _l("Remaining"), lambda row, _: row.left, kind="number"),
        Column("ends", _l("Expires"), lambda row, _: row.nearest and row.nearest.next_at),
        Column("status", _l("Status"), lambda row, _: str(gettext(service_word(row)))),
    ),
    read=_services,
    counted=lambda n: ngettext("%(num)s service", "%(num)s services", n),
    sort="",
)
SUBSCRIPTIONS = Listing(
    "subscriptions",
    _l("Subscriptions"),
    "portal.subscriptions",
    needs="services.read",
    columns=(
        Column("name", _l("Subscription"), lambda one, _: one.name),
        Column("product", _l("Product"), lambda one, _: one.sku.name, inside=True),
        Column("units", _l("Units"), lambda one, _: one.quantity, kind="number"),
        Column("starts", _l("Began"), lambda one, _: one.starts, inside=True),
        Column("ends", _l("Term ends"), lambda one, _: one.ends, inside=True),
        Column("word", _l("What comes next"), lambda one, _: ends_word(one), inside=True),
        Column("next", _l("Next"), lambda one, _: one.next_at),
        Column("status", _l("Status"), lambda one, _: str(gettext(STATES[one.state]))),
        Column("order", _l("Purchase order"), lambda one, _: one.purchase_order, inside=True),
    ),
    read=lambda actor, _asked, cursor, limit: queries.page_subscriptions(
        actor, cursor=cursor, limit=limit
    ),
    counted=lambda n: ngettext("%(num)s subscription", "%(num)s subscriptions", n),
    sort="",
)
AGREEMENTS = Listing(
    "agreements",
    _l("Agreements"),
    "portal.agreements",
    needs="billing.read",
    columns=(
        Column("number", _l("Licence id"), lambda one, _: one.number),
        Column("programme", _l("Programme"), lambda one, _: one.programme),
        Column("starts", _l("Covered from"), lambda one, _: one.starts),
        Column("ends", _l("Covered until"), lambda one, _: one.ends),
        Column("status", _l("Status"), lambda one, _: str(gettext(STATES[one.status]))),
    ),
    read=lambda actor, _asked, cursor, limit: queries.page_agreements(
        actor, cursor=cursor, limit=limit
    ),
    counted=lambda n: ngettext("%(num)s agreement", "%(num)s agreements", n),
    sort="",
)
INVOICES = Listing(
    "invoices",
    _l("Invoices"),
    "portal.invoices",
    needs="billing.read",
    columns=(
        Column("number", _l("Number"), lambda one, _: one.number),
        Column("issued", _l("Issued"), lambda one, _: one.issued_at),
        Column("due", _l("Due"), lambda one, _: one.due_at if one.kind == "invoice" else None),
        Column("order", _l("Purchase order"), lambda one, _: one.purchase_order),
        Column(
            "amount",
            _l("Amount"),
            lambda one, _: money(one.total_minor, one.currency),
            kind="number",
        ),
        Column("status", _l("Status"), lambda one, _: str(gettext(one.word))),
    ),
    read=lambda actor, _asked, cursor, limit: queries.page_invoices(
        actor, cursor=cursor, limit=limit
    ),
    counted=lambda n: ngettext("%(num)s document", "%(num)s documents", n),
    sort="",
)
ALL = (SERVICES, SUBSCRIPTIONS, AGREEMENTS, INVOICES)

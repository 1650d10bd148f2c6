"""Every page of the portal by its address, and who may open it."""

from idp.directory import queries
from portal.routes import BOTH, PUBLIC, ROUTES, Route
from tests.portal.conftest import Site


def address(site: Site, route: Route) -> str:
    """A route's address with real ids of the furnished site."""
    people = site.cast
    given = {
        "user_id": people.bob.id if "waiting" in route.url else people.erin,
        "group_id": site.group,
        "member_id": site.inner,
        "key": "user_administrator",
        "assignment_id": assignment(site),
        "connection_id": site.application if "applications" in route.url else people.hr.id,
        "target_id": site.target,
        "token_id": site.token,
        "entry_id": site.entry,
        "secret_id": site.secret,
        "code": "page_not_found",
        "case_id": site.case,
        "delivery_id": "00000000-0000-0000-0000-000000000000",
        "session_id": "00000000-0000-0000-0000-000000000000",
        "part_number": "OFFICE_PRO",
        "request_id": site.wish,
        "token": "nothing",
        "list_key": "audit",
        "import_id": site.importing,
        "view_id": "00000000-0000-0000-0000-000000000000",
        "slug": "office",
        "offer": "office-pro",
        "verb": "cancel",
        "subscription_id": site.bought.trial if "upgrade" in route.url else site.bought.active,
        "agreement_id": site.bought.agreement,
        "invoice_id": site.bought.invoice,
    }
    url = route.url
    for name, value in given.items():
        url = url.replace(f"<{name}>", value)
    return url


def assignment(site: Site) -> str:
    """Carol's role."""
    with site.app.app_context():
        return queries.role_holders(site.cast.alice, user_id=site.cast.carol.id)[0].id


OPENED = [route for route in ROUTES if "GET" in route.methods and route.needs != PUBLIC]
READABLE = [route for route in OPENED if not route.url.endswith((".pdf", ".csv"))]
SENDABLE = [route for route in ROUTES if "POST" in route.methods]
FORMS = [route for route in ROUTES if route.methods == BOTH]

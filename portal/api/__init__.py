"""JSON for automation, in the shape of Microsoft Graph: licences, subscriptions, usage, invoices.

    routes      one table: address, method, view, scopes, what is answered
    door        bearer token → Actor with what its scopes permit; how often somebody may knock
    odata       $select, $filter, $top, $skiptoken; pages with a link to the next
    models      what is answered and taken: the code and the description come from the same classes
    licenses    products, people, groups: what they hold, and assigning it
    billing     subscriptions, usage, invoices
    openapi     the description, generated from the table and the models
    errors      every refusal in Graph's shape

No cookie is looked at here, so no form token is needed. Permissions are asked again below.
"""

from portal.api.errors import answer_failure, answer_http_error, answer_refusal
from portal.api.routes import PREFIX, bind

__all__ = ["PREFIX", "answer_failure", "answer_http_error", "answer_refusal", "bind"]

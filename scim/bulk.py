"""POST /Bulk: many operations in one request (RFC 7644 §3.7).

    bulk             the request within its limits; the answer, in the request's order
    bulk_operations  one operation: read, turned into the intent of a single request, told
    bulk_references  bulkId:xyz -> the id that the new resource will have
    bulk_runs        operations in runs, applied one after the other
    bulk_batches     a run as one batch of changes, and who is meant when it is refused

Each operation has its own result, as if it had come alone; only what concerns the request as a
whole (its shape, its limits, a token that may not write) is answered for the whole.
"""

from collections.abc import Mapping
from typing import Any

from scim import bulk_operations
from scim.answers import Answer
from scim.bulk_runs import Job
from scim.call import Call
from scim.dialects import Tolerance, number
from scim.errors import ScimError, invalid_syntax, invalid_value
from scim.listing import dump

REQUEST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
RESPONSE_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
MAX_OPERATIONS = 10_000
MAX_PAYLOAD = 8 * 1024 * 1024


def worked_off(call: Call) -> Answer:
    """POST /Bulk.

    A token that may write nothing is refused at once (RFC 6750 §3.1: the scope is the request's).
    What the operations are forgiven is noted together: the profile is the connection's, and each
    shape counts once however many operations have it.
    """
    listed, accepted_errors = _read(call.body, call.tolerance)
    if not call.actor.can("groups.write"):
        call.actor.need("users.write")
    operations = bulk_operations.read(listed, call.tolerance)
    job = Job(call, operations, accepted_errors)
    job.work()
    parts = [bulk_operations.told(operation, call.base) for operation in job.processed()]
    return Answer(200, dump({"schemas": [RESPONSE_SCHEMA], "Operations": parts}))


def _read(body: Mapping[str, Any], tolerance: Tolerance) -> tuple[list[Any], int | None]:
    """The operations as sent, and how many errors are accepted.

    Raises ScimError 400 invalidSyntax or invalidValue, 413.
    """
    fields = {key.lower(): value for key, value in body.items()}
    schemas = fields.get("schemas")
    if not isinstance(schemas, list) or REQUEST_SCHEMA not in schemas:
        tolerance.forgive("a Bulk request without its schema")
    listed = fields.get("operations")
    if not isinstance(listed, list):
        raise invalid_syntax("Operations must be a list.")
    if len(listed) > MAX_OPERATIONS:
        # §3.7.4: the limit that is exceeded must be named.
        raise ScimError(413, f"There are more operations than maxOperations ({MAX_OPERATIONS}).")
    return listed, _accepted_errors(fields.get("failonerrors"), tolerance)


def _accepted_errors(given: Any, tolerance: Tolerance) -> int | None:
    """`failOnErrors`: after so many errors nothing more is done."""
    if given is None:
        return None
    wanted = number(given, tolerance) if isinstance(given, str) else given
    if not isinstance(wanted, int) or isinstance(wanted, bool) or wanted < 1:
        raise invalid_value("failOnErrors must be a whole number of at least 1.")
    return wanted

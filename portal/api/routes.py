"""Every address of the interface in one table, and the shell around each request."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, Flask, Response, jsonify, request
from pydantic import BaseModel, ValidationError

from idp.extensions import csrf
from portal.api import billing, door, errors, licenses, models, odata, openapi
from portal.api.call import Call, Listed, told
from portal.api.errors import ApiError, bad_request
from portal.api.operation import Operation

PREFIX = "/api/"
_LICENSES = ("LicenseAssignment.Read.All", "LicenseAssignment.ReadWrite.All")
_ASSIGNING = ("LicenseAssignment.ReadWrite.All",)
_PRODUCTS = (*_LICENSES, "Organization.Read.All")
_SUBSCRIPTIONS = ("Organization.Read.All", "Billing.Read.All")
_BILLING = ("Billing.Read.All",)
_BY_SKU = ("skuId", "skuPartNumber")

OPERATIONS = (
    Operation(
        "/subscribedSkus",
        licenses.subscribed_skus,
        _PRODUCTS,
        models.SubscribedSku,
        many=True,
        filters=(*_BY_SKU, "appliesTo", "capabilityStatus"),
    ),
    Operation("/subscribedSkus/<sku_id>", licenses.subscribed_sku, _PRODUCTS, models.SubscribedSku),
    Operation("/users/<user_id>", licenses.user, _LICENSES, models.User),
    Operation(
        "/users/<user_id>/licenseDetails",
        licenses.license_details,
        _LICENSES,
        models.LicenseDetails,
        many=True,
        filters=_BY_SKU,
    ),
    Operation(
        "/users/<user_id>/assignLicense",
        licenses.assign_to_user,
        _ASSIGNING,
        models.User,
        body=models.AssignLicense,
    ),
    Operation(
        "/users/<user_id>/reprocessLicenseAssignment",
        licenses.reprocess,
        _ASSIGNING,
        models.User,
        method="POST",
    ),
    Operation("/groups/<group_id>", licenses.group, _LICENSES, models.Group),
    Operation(
        "/groups/<group_id>/assignLicense",
        licenses.assign_to_group,
        _ASSIGNING,
        models.Group,
        body=models.AssignLicense,
    ),
    Operation(
        "/directory/subscriptions",
        billing.subscriptions,
        _SUBSCRIPTIONS,
        models.CompanySubscription,
        many=True,
        filters=(*_BY_SKU, "status", "isTrial"),
    ),
    Operation(
        "/directory/subscriptions/<subscription_id>",
        billing.subscription,
        _SUBSCRIPTIONS,
        models.CompanySubscription,
    ),
    Operation("/usage", billing.usage, _BILLING, models.UsageSample, many=True, filters=_BY_SKU),
    Operation("/invoices", billing.invoices, _BILLING, models.Invoice, many=True),
    Operation("/invoices/<invoice_id>", billing.invoice, _BILLING, models.Invoice),
)

blueprint = Blueprint("api", __name__, url_prefix=PREFIX.rstrip("/"))
csrf.exempt(blueprint)  # no cookie is ever looked at here


def _serve(operation: Operation, **path: str) -> Response:
    try:
        actor = door.enter(operation.scopes)
        filters = operation.filters if operation.many else ()
        options = odata.read(request.args, operation.names, filters)
        body = _read(operation.body) if operation.body else None
        return _answered(operation.view(Call(actor, options, body), **path), options)
    except ApiError as refused:
        return errors.answer(refused)


def _answered(found: Any, options: odata.Options) -> Response:
    if isinstance(found, Listed):
        made = jsonify(odata.envelope(found.items, options, found.following))
    else:
        made = jsonify(odata.cut(told(found), options.select))
    made.headers["Cache-Control"] = "no-store"
    return made


def _read(model: type[BaseModel]) -> BaseModel:
    """The body in the shape of a model. Raises ApiError."""
    if request.mimetype != "application/json":
        raise ApiError(415, "Request_UnsupportedMediaType", "Send application/json.")
    try:
        return model.model_validate(json.loads(request.get_data(cache=False)))
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise bad_request(f"{place or 'The body'}: {first['msg']}.") from None
    except (ValueError, RecursionError):
        raise bad_request("The body is not JSON.") from None


def _nothing(**_path: str) -> Response:
    return errors.answer(ApiError(404, "Request_ResourceNotFound", "There is nothing here."))


def _described() -> Response:
    return jsonify(openapi.document(OPERATIONS))


def _add(url: str, endpoint: str, view: Callable[..., Response], *methods: str) -> None:
    blueprint.add_url_rule(url, endpoint=endpoint, view_func=view, methods=list(methods))


for _operation in OPERATIONS:
    _add(_operation.url, _operation.name, partial(_serve, _operation), _operation.verb)
_add("/openapi.json", "openapi", _described, "GET")
_add("/<path:rest>", "nothing", _nothing, "GET", "POST", "PUT", "PATCH", "DELETE")


def bind(app: Flask) -> None:
    """Open this door in an application."""
    door.bind(app)
    app.register_blueprint(blueprint)

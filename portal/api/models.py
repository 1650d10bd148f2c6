"""What this interface answers and takes, by Microsoft Graph's names where Graph has the thing.

Graph: subscribedSku, licenseUnitsDetail, servicePlanInfo, licenseDetails, assignedLicense,
licenseAssignmentState, companySubscription. Money is whole minor units of its currency.
"""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

from idp.clock import rfc3339

Moment = Annotated[
    datetime,
    PlainSerializer(rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class Resource(BaseModel):
    """Names in camel case, as everywhere in JSON; what is not known is refused where it is read."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True, extra="forbid"
    )


class UnitsDetail(Resource):
    """Units by the state of their subscriptions. Nothing is ever locked out here."""

    enabled: int
    warning: int
    suspended: int
    locked_out: int = 0


class ServicePlanInfo(Resource):
    """A plan; `provisioningStatus` is "Success", or "Disabled" where it is switched off."""

    service_plan_id: str
    service_plan_name: str
    provisioning_status: str
    applies_to: str


class SubscribedSku(Resource):
    """A product that the organization has; the id is {organization}_{product}."""

    id: str
    account_id: str
    applies_to: str
    capability_status: str
    consumed_units: int
    prepaid_units: UnitsDetail
    service_plans: list[ServicePlanInfo]
    sku_id: str
    sku_part_number: str


class LicenseDetails(Resource):
    """A product that somebody holds; the id is {person}_{product}."""

    id: str
    sku_id: str
    sku_part_number: str
    service_plans: list[ServicePlanInfo]


class AssignedLicense(Resource):
    """A product with the ids of the plans that are switched off."""

    sku_id: str = Field(max_length=64)
    disabled_plans: list[Annotated[str, Field(max_length=64)]] = Field([], max_length=100)


class LicenseAssignmentState(Resource):
    """What came of one assignment. `assignedByGroup` is null for one to the person.

    `assignedTo` is "user", "group" or "everyone". `state`: Active, ActiveWithError, Disabled (the
    subscription gives no access now) or Error; `error`: None, CountViolation,
    MutuallyExclusiveViolation, DependencyViolation, ProhibitedInUsageLocationViolation, or Other
    (it is about to be looked at).
    """

    sku_id: str
    disabled_plans: list[str]
    assigned_by_group: str | None
    assigned_to: str
    state: str
    error: str
    last_updated_date_time: Moment | None


class User(Resource):
    """A person, as far as licences are concerned."""

    id: str
    user_principal_name: str
    display_name: str
    account_enabled: bool
    assigned_licenses: list[AssignedLicense]
    license_assignment_states: list[LicenseAssignmentState]


class Group(Resource):
    """A group with the products that are assigned to its members."""

    id: str
    display_name: str
    assigned_licenses: list[AssignedLicense]


class AssignLicense(Resource):
    """Products to assign, or whose plans to set anew, and products to remove: all or nothing."""

    add_licenses: list[AssignedLicense] = Field([], max_length=100)
    remove_licenses: list[Annotated[str, Field(max_length=64)]] = Field([], max_length=100)


class CompanySubscription(Resource):
    """A subscription. `status`: Enabled, Warning, Suspended, Deleted or Pending."""

    id: str
    commerce_subscription_id: str
    created_date_time: Moment
    is_trial: bool
    next_lifecycle_date_time: Moment | None
    owner_id: str
    owner_tenant_id: str
    owner_type: str
    service_status: list[ServicePlanInfo]
    sku_id: str
    sku_part_number: str
    status: str
    total_licenses: int


class UsageSample(Resource):
    """What was used of a product, and how much there was, at the end of a day (UTC)."""

    sku_id: str
    sku_part_number: str
    day: str
    used: int
    units: int


class InvoiceLine(Resource):
    """A line of an invoice; amounts in minor units."""

    subscription_id: str
    description: str
    period_start: Moment
    period_end: Moment
    quantity: int
    unit_minor: int
    amount_minor: int


class Invoice(Resource):
    """An invoice, or a credit note over the one that `creditsId` names; amounts in minor units.

    `lines` are there where one invoice is asked for, and null in lists.
    """

    id: str
    number: str
    kind: str
    credits_id: str | None
    status: str
    issued_date_time: Moment
    due_date_time: Moment
    settled_date_time: Moment | None
    currency: str
    total_minor: int
    left_minor: int
    purchase_order: str
    lines: list[InvoiceLine] | None


class InnerError(BaseModel):
    """When, under which request, and our own stable code, which /help/CODE explains."""

    model_config = ConfigDict(populate_by_name=True)
    date: Moment
    request_id: str = Field(alias="request-id")
    code: str | None = None


class ErrorBody(Resource):
    """What was refused and what to do."""

    code: str
    message: str
    inner_error: InnerError


class Error(Resource):
    """Every refusal."""

    error: ErrorBody

"""Products, and who holds them: Graph's subscribedSkus, licenseDetails and assignLicense."""

from collections.abc import Iterable, Sequence
from typing import Any

from idp.changes import apply
from idp.changes.intents import AssignLicense, Change, RemoveLicense, ReprocessLicenses
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import Invalid, not_found
from idp.directory.values import user_name_key
from idp.directory.views import UserView
from idp.licensing import queries as licensing
from idp.licensing.catalogue import SkuView
from idp.licensing.decision import GRAPH_ERRORS
from idp.licensing.held import LicenseView
from idp.licensing.seats import EVERYONE, GROUP, PERSON
from idp.licensing.sources import Source
from idp.licensing.units import SubscribedSku
from portal.api import models
from portal.api.call import Call, Listed, listed


def subscribed_skus(call: Call) -> Listed:
    """The products that the organization has, with their units."""
    found = licensing.subscribed_skus(call.actor)
    return listed(call, [_subscribed(call.actor, one) for one in found])


def subscribed_sku(call: Call, sku_id: str) -> models.SubscribedSku:
    """One of them, by its own id, or by the product's id or part number."""
    for one in licensing.subscribed_skus(call.actor):
        if sku_id in (f"{call.actor.org_id}_{one.sku.id}", one.sku.id, one.sku.part_number):
            return _subscribed(call.actor, one)
    raise not_found("product")


def user(call: Call, user_id: str) -> models.User:
    """A person with what is assigned to them, and what came of it."""
    return _user(call.actor, _person(call.actor, user_id))


def license_details(call: Call, user_id: str) -> Listed:
    """What somebody holds and may use now."""
    person = _person(call.actor, user_id)
    held = [one for one in licensing.licenses_of(call.actor, person.id) if one.access]
    return listed(call, [_details(person, one) for one in held])


def assign_to_user(call: Call, user_id: str) -> models.User:
    """Assign products to a person and remove others: all of it, or nothing."""
    person = _person(call.actor, user_id)
    _assign(call, user_id=person.id)
    return _user(call.actor, person)


def reprocess(call: Call, user_id: str) -> models.User:
    """Look at somebody's seats again."""
    person = _person(call.actor, user_id)
    apply(ReprocessLicenses((person.id,)), by=call.actor)
    return _user(call.actor, person)


def group(call: Call, group_id: str) -> models.Group:
    """A group with what is assigned to its members."""
    found = queries.find_group(call.actor, group_id)
    granted = licensing.granted_to_group(call.actor, found.id)
    return models.Group(
        id=found.id,
        display_name=found.display_name,
        assigned_licenses=[_assigned(sku, off) for sku, off in granted],
    )


def assign_to_group(call: Call, group_id: str) -> models.Group:
    """Assign products to a group's members, or take them back; their seats follow."""
    found = queries.find_group(call.actor, group_id)
    _assign(call, group_id=found.id)
    return group(call, found.id)


def _assign(call: Call, **whom: Any) -> None:
    asked = call.body
    assert isinstance(asked, models.AssignLicense)  # noqa: S101  the table of routes says so
    skus = licensing.catalogue().skus
    changes: list[Change] = [RemoveLicense(sku_id, **whom) for sku_id in asked.remove_licenses]
    for one in asked.add_licenses:
        off = _names(skus.get(one.sku_id), one.disabled_plans)
        changes.append(AssignLicense(one.sku_id, plans_off=off, **whom))
    if not changes:
        raise Invalid("nothing_asked", "Name products in addLicenses or in removeLicenses.")
    apply(*changes, by=call.actor)


def _names(sku: SkuView | None, ids: Sequence[str]) -> tuple[str, ...]:
    """The names of plans, which clients know by their ids."""
    known = {plan.id: plan.name for plan in sku.plans} if sku else {}
    unknown = sorted(set(ids) - known.keys())
    if sku is not None and unknown:
        sentence = f"{sku.name} has no plan {unknown[0][:64]!r}."
        raise Invalid("plan_unknown", sentence, attribute="disabledPlans")
    return tuple(known[one] for one in ids if one in known)


def _person(actor: Actor, name: str) -> UserView:
    """Somebody by id or by user name, as Graph finds people."""
    if "@" in name:
        found = queries.find_user_by_name(actor, user_name_key(name))
        if found is None:
            raise not_found("user")
        return found
    return queries.find_user(actor, name)


# --- as it is told ------------------------------------------------------------------------------


def plans(sku: SkuView, off: Iterable[str] = ()) -> list[models.ServicePlanInfo]:
    """A product's plans."""
    switched_off = frozenset(off)
    return [
        models.ServicePlanInfo(
            service_plan_id=plan.id,
            service_plan_name=plan.name,
            provisioning_status="Disabled" if plan.name in switched_off else "Success",
            applies_to=applies_to(sku),
        )
        for plan in sku.plans
    ]


def applies_to(sku: SkuView) -> str:
    """Whether people hold a product, or the organization uses it."""
    return "User" if sku.assignable else "Company"


def _subscribed(actor: Actor, one: SubscribedSku) -> models.SubscribedSku:
    return models.SubscribedSku(
        id=f"{actor.org_id}_{one.sku.id}",
        account_id=actor.org_id,
        applies_to=applies_to(one.sku),
        capability_status=one.capability,
        consumed_units=one.consumed,
        prepaid_units=models.UnitsDetail(
            enabled=one.enabled, warning=one.warning, suspended=one.suspended
        ),
        service_plans=plans(one.sku),
        sku_id=one.sku.id,
        sku_part_number=one.sku.part_number,
    )


def _details(person: UserView, one: LicenseView) -> models.LicenseDetails:
    return models.LicenseDetails(
        id=f"{person.id}_{one.sku.id}",
        sku_id=one.sku.id,
        sku_part_number=one.sku.part_number,
        service_plans=plans(one.sku, one.plans_off),
    )


def _user(actor: Actor, person: UserView) -> models.User:
    held = licensing.licenses_of(actor, person.id)
    return models.User(
        id=person.id,
        user_principal_name=person.user_name,
        display_name=person.shown_name,
        account_enabled=person.status == "active",
        assigned_licenses=[_assigned(v.sku, v.plans_off) for v in held if v.held_since],
        license_assignment_states=[_state(view, s) for view in held for s in view.sources],
    )


def _assigned(sku: SkuView, off: Iterable[str]) -> models.AssignedLicense:
    return models.AssignedLicense(sku_id=sku.id, disabled_plans=_ids(sku, off))


def _ids(sku: SkuView, off: Iterable[str]) -> list[str]:
    switched_off = frozenset(off)
    return [plan.id for plan in sku.plans if plan.name in switched_off]


_TO = {PERSON: "user", GROUP: "group", EVERYONE: "everyone"}


def _state(view: LicenseView, source: Source) -> models.LicenseAssignmentState:
    error = GRAPH_ERRORS[view.problem.code] if view.problem else "None"
    if view.held_since is None:
        state, error = "Error", "Other" if error == "None" else error
    elif view.problem:
        state = "ActiveWithError"
    else:
        state = "Active" if view.access else "Disabled"
    return models.LicenseAssignmentState(
        sku_id=view.sku.id,
        disabled_plans=_ids(view.sku, source.plans_off),
        assigned_by_group=source.group_id or None,
        assigned_to=_TO[source.kind],
        state=state,
        error=error,
        last_updated_date_time=view.held_since,
    )

"""Every address of the portal in one table: address, view, methods, and what it takes to come in.

The guard asks who is signed in and whether they may open the page at all, and hands the view its
actor, in a preview one with a role's permissions. That is politeness, not protection: the queries
and the write path ask again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from portal import (
    access,
    agreements,
    applications,
    brakes,
    catalog,
    connection_settings,
    connections,
    groups,
    help,
    history,
    home,
    identity,
    imports,
    invoices,
    journal,
    leaver,
    license_assign,
    license_import,
    license_person,
    license_reclaim,
    license_remove,
    license_requests,
    licenses,
    links,
    list_pages,
    me,
    messages,
    notices,
    oauth,
    offers,
    organization,
    people,
    people_bulk,
    people_list,
    role_preview,
    role_review,
    roles,
    services,
    setup,
    setup_done,
    sign_in,
    sign_ins,
    status,
    streams,
    subscription_verbs,
    subscriptions,
    support,
    targets,
)
from portal.frame import CachedForEver
from portal.preview import current_actor, hold

PUBLIC = "public"
GET, POST, BOTH = ("GET",), ("POST",), ("GET", "POST")

View = Callable[..., ResponseReturnValue]


@dataclass(frozen=True, slots=True)
class Route:
    """An address. `needs` is a permission, PUBLIC, or nothing: whoever is signed in.

    `harmless`: what is sent there may also be sent while another role is looked at.
    """

    url: str
    view: View
    methods: tuple[str, ...] = GET
    needs: str = ""
    harmless: bool = False


_PERSON = "/identity/people/<user_id>"
_GROUP = "/identity/groups/<group_id>"
_IMPORT = "/identity/people/import/<import_id>"
_LIST = "/lists/<list_key>"
_LICENSE = "/licenses/<part_number>"
_ROLE = "/identity/roles/<key>"
_SYSTEM = "/identity/provisioning/<connection_id>"
_ENTRY = f"{_SYSTEM}/journal/<entry_id>"
_TARGET = "/identity/provisioning/targets/<target_id>"
_APPLICATION = "/identity/applications/<connection_id>"
_SUBSCRIPTION = "/subscriptions/<subscription_id>"
_AGREEMENT = "/agreements/<agreement_id>"
_INVOICE = "/invoices/<invoice_id>"

ROUTES = (
    Route("/", home.front, needs=PUBLIC),
    Route("/sign-in", sign_in.sign_in, BOTH, PUBLIC),
    Route("/sign-out", sign_in.sign_out, POST, PUBLIC, harmless=True),
    Route("/invite/<token>", sign_in.invite, BOTH, PUBLIC),
    Route("/setup", setup.setup, needs=PUBLIC),
    Route("/setup/<token>", setup.setup_with, BOTH, PUBLIC),
    Route("/setup/done", setup_done.setup_done, needs="roles.write"),
    Route("/setup/test-mail", setup_done.setup_test_mail, POST, "roles.write"),
    Route("/recover", sign_in.recover, needs=PUBLIC),
    Route("/offers/<slug>", offers.offer, needs=PUBLIC),
    Route("/signup/<slug>", offers.signup, BOTH, PUBLIC),
    Route("/signup/verify/<token>", offers.signup_verify, BOTH, PUBLIC),
    Route("/theme", home.theme, POST, PUBLIC, harmless=True),
    Route("/language", home.language, POST, PUBLIC, harmless=True),
    Route("/home", home.home),
    Route("/search", home.search, needs="users.read"),
    Route("/identity", identity.identity, needs="users.read"),
    Route("/identity/organization", organization.organization, needs="organization.read"),
    Route(
        "/identity/organization/edit", organization.organization_edit, BOTH, "organization.write"
    ),
    Route("/identity/people", people_list.people, needs="users.read"),
    Route("/identity/people/import", imports.import_new, BOTH, "users.write"),
    Route("/identity/people/import/template.csv", imports.import_template, needs="users.write"),
    Route(_IMPORT, imports.import_page, BOTH, "users.write"),
    Route(f"{_IMPORT}/commit", imports.import_commit, POST, "users.write"),
    Route(f"{_IMPORT}/cancel", imports.import_cancel, POST, "users.write"),
    Route(f"{_IMPORT}/result.csv", imports.import_result, needs="users.write"),
    Route("/identity/people/bulk", people_bulk.people_bulk, POST, "users.read"),
    Route("/services", services.services, needs="services.read"),
    Route("/services/<slug>", services.service, needs="services.read"),
    Route("/services/<slug>/statement", services.statement, needs="services.read"),
    Route("/subscriptions", subscriptions.subscriptions, needs="services.read"),
    Route(_SUBSCRIPTION, subscriptions.subscription, needs="services.read"),
    Route(f"{_SUBSCRIPTION}/edit", subscriptions.subscription_edit, BOTH, "billing.write"),
    Route(
        f"{_SUBSCRIPTION}/quantity", subscription_verbs.subscription_quantity, BOTH, "billing.write"
    ),
    Route(
        f"{_SUBSCRIPTION}/upgrade", subscription_verbs.subscription_upgrade, BOTH, "billing.write"
    ),
    Route(f"{_SUBSCRIPTION}/<verb>", subscription_verbs.subscription_verb, BOTH, "billing.write"),
    Route("/renewals", subscriptions.renewals, needs="services.read"),
    Route("/agreements", agreements.agreements, needs="billing.read"),
    Route("/agreements/new", agreements.agreement_new, BOTH, "billing.write"),
    Route(_AGREEMENT, agreements.agreement, needs="billing.read"),
    Route(f"{_AGREEMENT}/edit", agreements.agreement_edit, BOTH, "billing.write"),
    Route(f"{_AGREEMENT}/terminate", agreements.agreement_terminate, BOTH, "billing.write"),
    Route("/invoices", invoices.invoices, needs="billing.read"),
    Route(_INVOICE, invoices.invoice, needs="billing.read"),
    Route(f"{_INVOICE}.pdf", invoices.invoice_pdf, needs="billing.read"),
    Route(f"{_INVOICE}/pay", invoices.invoice_pay, POST, "billing.write"),
    Route(f"{_INVOICE}/void", invoices.invoice_void, BOTH, "billing.write"),
    Route(f"{_INVOICE}/credit", invoices.invoice_credit, BOTH, "billing.write"),
    Route("/catalog", catalog.catalog),
    Route("/catalog/<offer>", catalog.offer_buy, BOTH, "billing.write"),
    Route("/identity/people/new", people.person_new, BOTH, "users.write"),
    Route(_PERSON, people.person, needs="users.read"),
    Route(f"{_PERSON}/edit", people.person_edit, BOTH, "users.write"),
    Route(f"{_PERSON}/block", people.person_block, POST, "users.write"),
    Route(f"{_PERSON}/unblock", people.person_unblock, POST, "users.write"),
    Route(f"{_PERSON}/restore", people.person_restore, POST, "users.write"),
    Route(f"{_PERSON}/link", people.person_link, POST, "users.reset"),
    Route(f"{_PERSON}/sessions/end", people.person_end_sessions, POST, "users.reset"),
    Route(f"{_PERSON}/sessions/<session_id>/end", people.person_end_session, POST, "users.reset"),
    Route(f"{_PERSON}/licenses", license_person.person_licenses, needs="licenses.read"),
    Route(f"{_PERSON}/licenses/copy", license_person.person_license_copy, BOTH, "licenses.write"),
    Route(f"{_PERSON}/leave", leaver.person_leave, BOTH, "users.write"),
    Route(f"{_PERSON}/delete", people.person_delete, BOTH, "users.write"),
    Route("/identity/groups", groups.groups, needs="groups.read"),
    Route("/identity/groups/new", groups.group_new, BOTH, "groups.write"),
    Route(_GROUP, groups.group, needs="groups.read"),
    Route(f"{_GROUP}/edit", groups.group_edit, BOTH, "groups.write"),
    Route(f"{_GROUP}/add", groups.group_add, BOTH, "groups.write"),
    Route(f"{_GROUP}/members/<member_id>/remove", groups.group_remove, POST, "groups.write"),
    Route(f"{_GROUP}/delete", groups.group_delete, BOTH, "groups.write"),
    Route("/identity/roles", roles.roles, needs="roles.read"),
    Route("/identity/roles/review", role_review.roles_review, needs="roles.read"),
    Route(_ROLE, roles.role, needs="roles.read"),
    Route(f"{_ROLE}/preview", role_preview.role_preview, BOTH, "roles.write"),
    Route("/preview/end", role_preview.preview_end, POST, harmless=True),
    Route(f"{_ROLE}/assign", roles.role_assign, BOTH, "roles.write"),
    Route(f"{_ROLE}/<assignment_id>/remove", roles.role_remove, BOTH, "roles.write"),
    Route("/identity/provisioning", connections.provisioning, needs="connections.read"),
    Route("/identity/provisioning/new", connections.connection_new, BOTH, "connections.write"),
    Route("/identity/provisioning/targets/new", targets.target_new, BOTH, "connections.write"),
    Route(_TARGET, targets.target, needs="connections.read"),
    Route(f"{_TARGET}/edit", targets.target_edit, BOTH, "connections.write"),
    Route(f"{_TARGET}/preview", targets.target_preview, needs="connections.write"),
    Route(f"{_TARGET}/try", targets.target_try, POST, "connections.write"),
    Route(f"{_TARGET}/reconcile", targets.target_reconcile, POST, "connections.write"),
    Route(f"{_TARGET}/pause", targets.target_pause, POST, "connections.write"),
    Route(f"{_TARGET}/resume", targets.target_resume, POST, "connections.write"),
    Route(f"{_TARGET}/approve", targets.target_approve, POST, "connections.write"),
    Route(f"{_TARGET}/delete", targets.target_delete, BOTH, "connections.write"),
    Route(_SYSTEM, connections.connection, needs="connections.read"),
    Route(
        f"{_SYSTEM}/settings", connection_settings.connection_settings, BOTH, "connections.write"
    ),
    Route(f"{_SYSTEM}/journal", journal.journal_page, needs="connections.read"),
    Route(_ENTRY, journal.journal_entry, needs="connections.read"),
    Route(f"{_ENTRY}/replay", journal.journal_replay, POST, "connections.write"),
    Route(f"{_SYSTEM}/brake", brakes.brake, needs="connections.read"),
    Route(f"{_SYSTEM}/brake/edit", brakes.brake_edit, BOTH, "connections.write"),
    Route(f"{_SYSTEM}/brake/approve", brakes.brake_approve, BOTH, "connections.write"),
    Route(f"{_SYSTEM}/brake/reject", brakes.brake_reject, BOTH, "connections.write"),
    Route(f"{_SYSTEM}/waiting", links.links, needs="connections.read"),
    Route(f"{_SYSTEM}/waiting/<user_id>/link", links.link_new, BOTH, "connections.write"),
    Route(f"{_SYSTEM}/waiting/<user_id>/dismiss", links.link_dismiss, POST, "connections.write"),
    Route(f"{_SYSTEM}/delete", connections.connection_delete, BOTH, "connections.write"),
    Route(f"{_SYSTEM}/tokens/new", connections.token_new, BOTH, "connections.write"),
    Route(
        f"{_SYSTEM}/tokens/<token_id>/rotate", connections.token_rotate, BOTH, "connections.write"
    ),
    Route(
        f"{_SYSTEM}/tokens/<token_id>/revoke", connections.token_revoke, BOTH, "connections.write"
    ),
    Route(f"{_SYSTEM}/oauth", oauth.oauth, needs="connections.read"),
    Route(f"{_SYSTEM}/oauth/secrets/new", oauth.secret_new, BOTH, "connections.write"),
    Route(f"{_SYSTEM}/oauth/keys/new", oauth.key_new, BOTH, "connections.write"),
    Route(f"{_SYSTEM}/oauth/<secret_id>/revoke", oauth.secret_revoke, BOTH, "connections.write"),
    Route(f"{_SYSTEM}/events", streams.stream, needs="connections.read"),
    Route(f"{_SYSTEM}/events/new", streams.stream_new, BOTH, "connections.write"),
    Route(f"{_SYSTEM}/events/pause", streams.stream_pause, POST, "connections.write"),
    Route(f"{_SYSTEM}/events/delete", streams.stream_delete, BOTH, "connections.write"),
    Route("/identity/applications", applications.applications, needs="connections.read"),
    Route("/identity/applications/new", applications.application_new, BOTH, "connections.write"),
    Route(_APPLICATION, applications.application, needs="connections.read"),
    Route(f"{_APPLICATION}/delete", applications.application_delete, BOTH, "connections.write"),
    Route(f"{_LIST}/export", list_pages.list_export, POST),
    Route(f"{_LIST}/views", list_pages.list_views, BOTH),
    Route(f"{_LIST}/views/<view_id>", list_pages.list_view_change, POST),
    Route(f"{_LIST}/views/<view_id>/delete", list_pages.list_view_delete, POST),
    Route("/licenses", licenses.licenses, needs="licenses.read"),
    Route("/licenses/errors", licenses.license_errors, needs="licenses.read"),
    Route("/licenses/reclaim", license_reclaim.license_reclaim, needs="licenses.read"),
    Route("/licenses/reclaim/free", license_reclaim.license_free, POST, "licenses.write"),
    Route("/licenses/requests", license_requests.license_requests, needs="licenses.read"),
    Route(
        "/licenses/requests/<request_id>", license_requests.license_request, BOTH, "licenses.write"
    ),
    Route("/licenses/import", license_import.license_import, BOTH, "licenses.write"),
    Route(_LICENSE, licenses.license_holders, needs="licenses.read"),
    Route(f"{_LICENSE}/groups", licenses.license_groups, needs="licenses.read"),
    Route(f"{_LICENSE}/problems", licenses.license_problems, needs="licenses.read"),
    Route(f"{_LICENSE}/plans", licenses.license_plans, needs="licenses.read"),
    Route(f"{_LICENSE}/history", licenses.license_history, needs="licenses.read"),
    Route(f"{_LICENSE}/assign", license_assign.license_assign, BOTH, "licenses.write"),
    Route(f"{_LICENSE}/remove", license_remove.license_remove, POST, "licenses.write"),
    Route(f"{_LICENSE}/reprocess", license_remove.license_reprocess, POST, "licenses.write"),
    Route("/me/licences", license_requests.me_licenses),
    Route("/me/licences/request", license_requests.me_license_request, BOTH),
    Route("/me", me.me),
    Route("/me/edit", me.me_edit, BOTH),
    Route("/me/password", me.me_password, BOTH),
    Route("/me/sessions/end", me.me_end_others, POST),
    Route("/me/sessions/<session_id>/end", me.me_end_session, POST),
    Route("/audit", history.audit_page),
    Route("/notices", notices.notices),
    Route("/notices/seen", notices.notices_seen, POST),
    Route("/sign-ins", sign_ins.sign_ins_page),
    Route("/status", status.status),
    Route("/messages", messages.messages),
    Route("/jobs", status.jobs, needs="connections.read"),
    Route("/jobs/<delivery_id>/retry", status.job_retry, POST, "connections.write"),
    Route("/help", help.help_page),
    Route("/help/access", access.help_access),
    Route("/help/codes", help.help_codes),
    Route("/help/<code>", help.help_code),
    Route("/feedback", support.feedback, BOTH),
    Route("/feedback/thanks", support.feedback_thanks),
    Route("/support", support.support),
    Route("/support/new", support.case_new, BOTH),
    Route("/support/cases/<case_id>", support.case),
    Route("/support/cases/<case_id>/close", support.case_close, POST),
    Route("/demo/mailbox", home.mailbox, needs="users.reset"),
)

# What pages refer to: pictures and style sheets of an organization's own.
FILES = (
    Route("/branding/<org_id>/logo", organization.logo, needs=PUBLIC),
    Route("/branding/<org_id>/colours.css", organization.colours, needs=PUBLIC),
)

blueprint = CachedForEver(
    "portal",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/assets",
)


def _guarded(route: Route) -> View:
    @wraps(route.view)
    def view(**named: Any) -> ResponseReturnValue:
        hold(route.harmless)
        if route.needs == PUBLIC:
            return route.view(**named)
        actor = current_actor()
        if actor is None:
            wanted = request.full_path.rstrip("?") if request.method != "POST" else None
            return redirect(url_for("portal.sign_in", next=wanted), 303)
        if route.needs:
            actor.need(route.needs)
        return route.view(actor, **named)

    return view


for _route in (*ROUTES, *FILES):
    blueprint.add_url_rule(
        _route.url, _route.view.__name__, _guarded(_route), methods=list(_route.methods)
    )

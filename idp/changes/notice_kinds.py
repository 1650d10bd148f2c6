"""The table of kinds of notices: their words, the page that cures them, who hears of them.

A new kind is a row here and a producer: a function of (session, moment) that returns the cases
which hold now, in all organizations, by a fixed number of statements. `tell` does the rest. What
moves from state to state (a subscription) has a kind for each state: as it goes from one to the
next, the notice of the one is resolved and the notice of the other is new, and so it is told.
"""

from dataclasses import replace

from idp.changes import endings, renewal_notices, seat_troubles, troubles
from idp.changes.notices import Kind
from idp.directory.expiry import THRESHOLDS


def N_(text: str) -> str:  # noqa: N802  the name by which gettext's tools find such texts
    """Mark a text that a door will translate."""
    return text


_CURED = N_("Make the new one first, enter it in the system, then revoke the old.")
_TOKEN = Kind(
    state="Expiring",
    subject=N_("The token %(hint)s of %(name)s ends %(near)s"),
    sentence=N_("It ends on %(ends)s. Without it, %(name)s can no longer reach your directory."),
    todo=_CURED,
    verb=N_("Renew the token"),
    endpoint="portal.connection",
    sees="connections.read",
    tells="connections.write",
    cases=endings.tokens,
    thresholds=THRESHOLDS,
)
_TRIAL = Kind(
    state="Trial",
    subject=N_("The trial %(name)s ends %(near)s"),
    sentence=N_("It ends on %(ends)s by itself. Nothing is bought unless you do it."),
    todo=N_("Convert it, extend it once, or let it end."),
    verb=N_("See the trial"),
    endpoint="portal.subscription",
    sees="services.read",
    tells="billing.write",
    cases=renewal_notices.trials,
)
_STOPPED = replace(_TOKEN, state="Error", thresholds=())

KINDS: dict[str, Kind] = {
    "token_ending": _TOKEN,
    "secret_ending": replace(
        _TOKEN,
        subject=N_("The client secret %(hint)s of %(name)s ends %(near)s"),
        verb=N_("Renew the secret"),
        endpoint="portal.oauth",
        cases=endings.secrets,
    ),
    "key_ending": replace(
        _TOKEN,
        subject=N_("The key %(hint)s of %(name)s ends %(near)s"),
        verb=N_("Register a new key"),
        endpoint="portal.oauth",
        cases=endings.keys,
    ),
    "certificate_ending": replace(
        _TOKEN,
        subject=N_("A certificate of %(name)s ends %(near)s"),
        sentence=N_("It ends on %(ends)s. %(name)s may refuse to sign people in after that."),
        todo=N_("Ask the application's owner for its new metadata, and add it here."),
        verb=N_("See the application"),
        endpoint="portal.application",
        cases=endings.certificates,
    ),
    "certificate_ended": replace(
        _STOPPED,
        state="Expired",
        subject=N_("A certificate of %(name)s has ended"),
        sentence=N_("%(name)s may refuse to sign people in."),
        todo=N_("Ask the application's owner for its new metadata, and add it here."),
        verb=N_("See the application"),
        endpoint="portal.application",
        cases=endings.ended_certificates,
    ),
    "signing_key_ending": replace(
        _TOKEN,
        subject=N_("The key that signs for your organization ends %(near)s"),
        sentence=N_("It ends on %(ends)s. Applications may refuse what it signs after that."),
        todo=N_("Ask your operator for a new signing key, and give applications our metadata."),
        verb=N_("See the applications"),
        endpoint="portal.applications",
        cases=endings.signing_keys,
    ),
    # Whoever stops a system is told at once, by a mail of its own.
    "system_stopped": replace(
        _STOPPED,
        subject=N_("%(name)s was stopped"),
        sentence=N_("It asked for more removals than its brake allows. Nothing was applied."),
        todo=N_("See what it asked for, and approve or reject it."),
        verb=N_("Decide"),
        endpoint="portal.brake",
        tells="",
        cases=troubles.stopped_systems,
    ),
    "target_waiting": replace(
        _STOPPED,
        state="Pending",
        subject=N_("Removals at %(name)s wait for approval"),
        sentence=N_("People who would lose their account there: %(count)s. Nobody did yet."),
        todo=N_("See who it is, and approve it or correct what causes it."),
        verb=N_("Decide"),
        endpoint="portal.target",
        cases=troubles.waiting_targets,
    ),
    "target_failing": replace(
        _STOPPED,
        subject=N_("%(name)s cannot be reached"),
        sentence=N_("What changes here does not arrive there. The last answer: %(error)s"),
        todo=N_("Check its address and secret; what was missed is sent when it answers again."),
        verb=N_("See the application"),
        endpoint="portal.target",
        cases=troubles.failing_targets,
    ),
    "stream_failing": replace(
        _STOPPED,
        subject=N_("Events for %(name)s cannot be delivered"),
        sentence=N_("What happens here is not told there. The last answer: %(error)s"),
        todo=N_("Check the receiver's address; what was missed is sent when it answers again."),
        verb=N_("See the stream"),
        endpoint="portal.stream",
        cases=troubles.failing_streams,
    ),
    "mail_undeliverable": replace(
        _STOPPED,
        subject=N_("Mails given up: %(count)s"),
        sentence=N_("They could not be delivered, however often it was tried."),
        todo=N_("Ask your operator to check the mail server, then send them again."),
        verb=N_("See what failed"),
        endpoint="portal.jobs",
        tells="",  # a mail would share their fate
        cases=troubles.dead_deliveries,
    ),
    "license_shortage": replace(
        _STOPPED,
        state="Pending",
        subject=N_("%(name)s: people who wait for a licence: %(count)s"),
        sentence=N_("None is left. Who has waited longest gets the next one that becomes free."),
        todo=N_("Buy more, or take back what nobody uses."),
        verb=N_("See who waits"),
        endpoint="portal.license_problems",
        sees="licenses.read",
        tells="licenses.write",
        cases=seat_troubles.shortages,
    ),
    "license_errors": replace(
        _STOPPED,
        subject=N_("%(name)s: people who cannot be given their licence: %(count)s"),
        sentence=N_(
            "Another product excludes it or is missing, or their country has no such plan."
        ),
        todo=N_("Each of them is listed with the reason and what mends it."),
        verb=N_("See the reasons"),
        endpoint="portal.license_problems",
        sees="licenses.read",
        tells="licenses.write",
        cases=seat_troubles.errors,
    ),
    "trial_ending": _TRIAL,
    "subscription_ending": replace(
        _TRIAL,
        state="Expiring",
        subject=N_("%(name)s ends %(near)s"),
        sentence=N_("It ends on %(ends)s and does not renew by itself."),
        todo=N_("Let it renew by itself, or see to it that nobody needs it after that."),
        verb=N_("See the subscription"),
        cases=renewal_notices.ending,
    ),
    "subscription_renewing": replace(
        _TRIAL,
        state="Active",
        subject=N_("%(name)s renews %(near)s"),
        sentence=N_("A new term begins on %(ends)s, and an invoice is issued."),
        todo=N_("Change its quantity before, or turn the renewal off, if you want less."),
        verb=N_("See the subscription"),
        cases=renewal_notices.renewing,
    ),
    "subscription_expired": replace(
        _TRIAL,
        state="Expired",
        subject=N_("%(name)s has expired"),
        sentence=N_("Everything still works until %(ends)s; then nobody can use it."),
        todo=N_("Renew it, or move people to something else."),
        verb=N_("See the subscription"),
        cases=renewal_notices.expired,
    ),
    "subscription_disabled": replace(
        _TRIAL,
        state="Disabled",
        subject=N_("%(name)s is disabled"),
        sentence=N_("Nobody can use it. On %(ends)s it is deleted, and every licence with it."),
        todo=N_("Renew it before that day, or export what you need."),
        verb=N_("See the subscription"),
        cases=renewal_notices.disabled,
    ),
    "over_allocated": replace(
        _TRIAL,
        state="Error",
        subject=N_("%(name)s: %(count)s more in use than there are"),
        sentence=N_("Nobody loses a licence now. It should be settled by %(ends)s."),
        todo=N_("Remove licences, or buy more."),
        verb=N_("See the service"),
        endpoint="portal.service",
        cases=renewal_notices.over_allocated,
    ),
}

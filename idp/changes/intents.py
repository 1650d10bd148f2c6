"""What a door may ask for: imperative, small, frozen; each says who or what it names.

`fields` are flat (see `idp.directory.attributes`): {"name.familyName": "Ng", "emails": [...]};
None clears. `expect` is the version that the asker read; a newer one is Stale. KEEP leaves as is.

Long, because it is the one table of all that can be asked: a few lines each, no logic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final

from idp.directory.brakes import Stop
from idp.directory.targets import TargetSettings


class _Keep(Enum):
    KEEP = "keep"


KEEP: Final = _Keep.KEEP
MaybeText = str | None | _Keep


class Change:
    """The base of all intents."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class CreateUser(Change):
    """Add a person. `external_id` is the asking connection's name for them."""

    fields: Mapping[str, Any]
    external_id: str | None = None
    id: str | None = None
    password_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ChangeUser(Change):
    """Change the named attributes; with `replace`, clear the readWrite ones not named (PUT)."""

    id: str
    fields: Mapping[str, Any]
    expect: int | None = None
    external_id: MaybeText = KEEP
    replace: bool = False
    password_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class DeleteUser(Change):
    """Delete a person: every door closes, the name is free; `RestoreUser` can bring them back."""

    id: str
    expect: int | None = None


@dataclass(frozen=True, slots=True)
class RestoreUser(Change):
    """Bring a deleted person back with the same id, if their name is still free."""

    id: str


@dataclass(frozen=True, slots=True)
class BlockUser(Change):
    """The organization's own veto on signing in, whatever the source says of `active`."""

    id: str


@dataclass(frozen=True, slots=True)
class UnblockUser(Change):
    """Lift the veto."""

    id: str


@dataclass(frozen=True, slots=True)
class CreateGroup(Change):
    """Add a group with its members, people or groups, by id."""

    fields: Mapping[str, Any]
    members: Sequence[str] = ()
    external_id: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeGroup(Change):
    """Change a group's attributes and members.

    `members` sets exactly these; `add` and `remove` are deltas, safe beside other writers. Adding
    a member who is one, or removing one who is none, changes nothing.
    """

    id: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    expect: int | None = None
    external_id: MaybeText = KEEP
    replace: bool = False
    members: Sequence[str] | _Keep = KEEP
    add: Sequence[str] = ()
    remove: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class DeleteGroup(Change):
    """Delete a group; its members stay."""

    id: str
    expect: int | None = None


@dataclass(frozen=True, slots=True)
class AddMember(Change):
    """Make a person or group a direct member of a group."""

    group_id: str
    member_id: str


@dataclass(frozen=True, slots=True)
class RemoveMember(Change):
    """End a direct membership."""

    group_id: str
    member_id: str


@dataclass(frozen=True, slots=True)
class AssignRole(Change):
    """Give a person an administrative role: everywhere or over one group, for good or until."""

    user_id: str
    role: str
    scope_group_id: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RemoveRole(Change):
    """Take an assignment of a role away."""

    assignment_id: str


@dataclass(frozen=True, slots=True)
class SetPassword(Change):
    """Replace a person's password; `password_hash` comes from `idp.directory.passwords`.

    Other sessions of the person end; `keep_session` names the one that stays. `rehash` says that
    the password itself is the same and only its hash became stronger: then nothing ends.
    """

    user_id: str
    password_hash: str = field(repr=False)
    keep_session: str | None = None
    rehash: bool = False


@dataclass(frozen=True, slots=True)
class IssueLink(Change):
    """Make a one-time link for a person; Result.secret is its token.

    `purpose` is "invite", "reset" or "admin". `url_prefix` is what the token is appended to, and
    with `deliver` the link goes to the person's e-mail address through the outbox.
    """

    user_id: str
    purpose: str
    url_prefix: str = ""
    deliver: bool = False


@dataclass(frozen=True, slots=True)
class RedeemLink(Change):
    """End a one-time link, once; Result.id is the person's. The actor's organization must match."""

    token: str = field(repr=False)
    password_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class StartSession(Change):
    """Sign a person in at a browser; Result.secret is the reference for the cookie."""

    user_id: str
    strength: str
    expires_at: datetime
    ip: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class EndSession(Change):
    """End one session."""

    session_id: str


@dataclass(frozen=True, slots=True)
class EndSessions(Change):
    """End every session of a person, but `keep_session`."""

    user_id: str
    keep_session: str | None = None


@dataclass(frozen=True, slots=True)
class RecordSignIn(Change):
    """Write down that a person was, or was not, signed in to a partner; `reason` says why not."""

    user_id: str
    partner_id: str
    result: str  # "success" or "refused"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CreateConnection(Change):
    """Attach a partner system. For "saml", `entity_id` and `settings` come from its metadata."""

    kind: str
    name: str
    profile: str = "rfc"
    settings: Mapping[str, Any] = field(default_factory=dict)
    entity_id: str | None = None
    id: str | None = None  # given where the same batch goes on to issue its token


@dataclass(frozen=True, slots=True)
class ChangeConnection(Change):
    """Change a connection; what is None stays."""

    id: str
    name: str | None = None
    profile: str | None = None
    settings: Mapping[str, Any] | None = None
    entity_id: str | None = None
    enabled: bool | None = None
    expect: int | None = None


@dataclass(frozen=True, slots=True)
class DeleteConnection(Change):
    """Detach a partner; its tokens end, and what it owned becomes the organization's own."""

    id: str


@dataclass(frozen=True, slots=True)
class CreateTarget(Change):
    """Attach an application that we provision. `settings` as in `idp.directory.targets`.

    `secrets` are {"token"} or {"client_id", "client_secret"}; they are sealed and never shown.
    """

    name: str
    settings: TargetSettings
    secrets: Mapping[str, str] = field(repr=False)
    id: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeTarget(Change):
    """Change an application that we provision; what is None stays."""

    id: str
    name: str | None = None
    settings: TargetSettings | None = None
    secrets: Mapping[str, str] | None = field(default=None, repr=False)
    expect: int | None = None


@dataclass(frozen=True, slots=True)
class ReconcileTarget(Change):
    """Compare everything at a target with what should be there, and repair what differs."""

    id: str


@dataclass(frozen=True, slots=True)
class ApproveRemovals(Change):
    """Let a target go on that the brake has stopped: for exactly those whom `digest` stands for."""

    id: str
    digest: str


@dataclass(frozen=True, slots=True)
class IssueToken(Change):
    """Make a bearer token for a connection; Result.secret is shown once. None days: no expiry."""

    connection_id: str
    scope: str = "write"
    expires_days: int | None = 365


@dataclass(frozen=True, slots=True)
class RevokeToken(Change):
    """End a bearer token."""

    token_id: str


@dataclass(frozen=True, slots=True)
class IssueSecret(Change):
    """Make a client secret for a connection; Result.secret is shown once. None days: no expiry."""

    connection_id: str
    scope: str = "write"
    expires_days: int | None = 365


@dataclass(frozen=True, slots=True)
class RegisterKey(Change):
    """Let a connection prove itself by a key. `jwk` is its public half (RFC 7517)."""

    connection_id: str
    jwk: Mapping[str, Any]
    scope: str = "write"
    expires_days: int | None = None


@dataclass(frozen=True, slots=True)
class RevokeSecret(Change):
    """End a client secret or a key, and the access tokens that were given for it."""

    secret_id: str


@dataclass(frozen=True, slots=True)
class EngageBrake(Change):
    """Stop a connection that would have taken away too much. The product itself does it."""

    connection_id: str
    stop: Stop
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class ApproveBrake(Change):
    """Lift a quarantine: from now on, for a window, `allow` of what it was about may go."""

    connection_id: str
    quarantine_id: str
    allow: int


@dataclass(frozen=True, slots=True)
class RejectBrake(Change):
    """Lift a quarantine, but let no more of what it was about go for a window."""

    connection_id: str
    quarantine_id: str


@dataclass(frozen=True, slots=True)
class SetBrake(Change):
    """Change what a connection may take away: {"hours", kind: {"count", "share"}}."""

    connection_id: str
    limits: Mapping[str, Any]
    expect: int | None = None


@dataclass(frozen=True, slots=True)
class LinkPerson(Change):
    """Say that a person is the one whom a connection knows as `external_id`, or by user name."""

    connection_id: str
    user_id: str
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class DismissLink(Change):
    """Say that a connection's wish for a person is not to be shown."""

    connection_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class CreateOrganization(Change):
    """Found an organization with its built-in domain. Only the operator can; it opens the batch.

    `first`: refuse it (Conflict installation_founded) where any organization is here already.
    """

    name: str
    domain: str
    id: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)  # see `idp.directory.details`
    first: bool = False


@dataclass(frozen=True, slots=True)
class ChangeOrganization(Change):
    """Rename the organization, change its settings (see `idp.directory.details`) or its logo."""

    name: str | None = None
    settings: Mapping[str, Any] | None = None  # all of them; what is not named is gone
    logo: bytes | _Keep | None = field(default=KEEP, repr=False)  # None takes it away
    expect: int | None = None


@dataclass(frozen=True, slots=True)
class AddDomain(Change):
    """Claim a domain; it counts for nothing until it is verified."""

    name: str


@dataclass(frozen=True, slots=True)
class DefineSchema(Change):
    """Define, or replace, an extension schema of User for the organization.

    `attributes` are SCIM attribute definitions (RFC 7643 §7) as plain dicts.
    """

    urn: str
    name: str
    attributes: Sequence[Mapping[str, Any]]
    description: str = ""


@dataclass(frozen=True, slots=True)
class AddSigningKey(Change):
    """Give the organization a signing key; the private part is sealed before it is stored."""

    purpose: str
    algorithm: str
    certificate: str
    private_key: str = field(repr=False)
    not_after: datetime
    state: str = "current"


@dataclass(frozen=True, slots=True)
class RetryDelivery(Change):
    """Try a delivery again that was given up."""

    delivery_id: str


@dataclass(frozen=True, slots=True)
class CreateStream(Change):
    """Tell a connection's system what happens, from now on (RFC 9967).

    `delivery` is "push" (to `endpoint`, with the header value `authorization`) or "poll";
    `detail` is "notice" or "full"; `groups` are ids whose effective members are the feed, none
    for everybody.
    """

    connection_id: str
    delivery: str
    endpoint: str = ""
    authorization: str = field(default="", repr=False)
    audience: str = ""
    detail: str = "notice"
    groups: Sequence[str] = ()
    id: str | None = None


@dataclass(frozen=True, slots=True)
class PauseStream(Change):
    """Hold a connection's stream, or let it go on from where it was held."""

    connection_id: str
    paused: bool


@dataclass(frozen=True, slots=True)
class DeleteStream(Change):
    """End a connection's stream; what it has not told is told to nobody."""

    connection_id: str


# --- licences: see `idp.licensing` ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PutService(Change):
    """Set a service with its SKUs, plans and offers as a catalogue document says; for the operator.

    `document` is as docs/licensing.md describes; what it does not name any more is retired.
    """

    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AssignLicense(Change):
    """Grant a SKU to a person, to a group's effective members, or (neither named) to everyone.

    `plans_off` are names of plans switched off; granting again sets them anew. For one person a
    shortage, conflict, lack or country refuses the change; for many it is kept as a problem.
    """

    sku_id: str
    user_id: str | None = None
    group_id: str | None = None
    plans_off: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RemoveLicense(Change):
    """Take a grant back. A seat that another grant gives as well stays."""

    sku_id: str
    user_id: str | None = None
    group_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReprocessLicenses(Change):
    """Look at the seats of these people again."""

    user_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class CopyLicenses(Change):
    """Grant to people what another holds, from whatever source, with the same plans off."""

    from_user_id: str
    to_user_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class ReclaimLicenses(Change):
    """Take back the grants that people have of their own; `seats` are (person, SKU).

    A seat that comes from a group or is for everyone stays, and that is no refusal.
    """

    seats: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class RequestLicense(Change):
    """Ask for a SKU for oneself; one open request for each person and SKU."""

    user_id: str
    sku_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DecideRequest(Change):
    """Grant what somebody asked for, at once, or decline it; `answer` is for them to read."""

    id: str
    grant: bool
    answer: str = ""


@dataclass(frozen=True, slots=True)
class BuySubscription(Change):
    """Subscribe to an offer, a trial or a paid one; units and dates follow from the offer.

    The same `id` again finds the subscription there, and buys nothing more.
    """

    offer_id: str
    quantity: int = 0
    name: str = ""
    starts: datetime | None = None
    agreement_id: str | None = None
    purchase_order: str = ""
    auto_renew: bool = True
    id: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeSubscription(Change):
    """Change a subscription; what is None or KEEP stays. A running one bills the difference.

    `quantity` below what is used leaves the SKU over-allocated: nobody loses a seat at once.
    """

    id: str
    name: str | None = None
    quantity: int | None = None
    auto_renew: bool | None = None
    purchase_order: str | None = None
    agreement_id: MaybeText = KEEP
    expect: int | None = None


@dataclass(frozen=True, slots=True)
class ExtendTrial(Change):
    """Give a trial more days, once, as its offer says."""

    id: str
    expect: int | None = None


@dataclass(frozen=True, slots=True)
class UpgradeSubscription(Change):
    """Convert a trial, or move a subscription, to an offer that its own offer leads to.

    For the same SKU everybody keeps what they hold. For another, `move_grants` gives it to those
    who have the old one, which ends; without it the old one runs on until it ends by itself.
    """

    id: str
    offer_id: str
    quantity: int
    move_grants: bool = False
    purchase_order: str = ""
    agreement_id: str | None = None
    expect: int | None = None


@dataclass(frozen=True, slots=True)
class RenewSubscription(Change):
    """Begin a new term of a subscription that has expired or is disabled."""

    id: str
    expect: int | None = None


@dataclass(frozen=True, slots=True)
class CancelSubscription(Change):
    """Cancel: at once in the first days, as the offer says; later it ends where its term ends."""

    id: str
    expect: int | None = None


@dataclass(frozen=True, slots=True)
class ReactivateSubscription(Change):
    """Take a cancellation back while the term that was paid for still runs."""

    id: str
    expect: int | None = None


@dataclass(frozen=True, slots=True)
class DeleteSubscription(Change):
    """End a disabled subscription for good. With the last one of a SKU its grants go too."""

    id: str
    expect: int | None = None


@dataclass(frozen=True, slots=True)
class FollowSubscriptions(Change):
    """Write down in which states these subscriptions are by now. The product itself asks for it."""

    ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class AddAgreement(Change):
    """Enter a volume licence agreement; `number` is its licence id, unique in the organization."""

    number: str
    programme: str
    starts: datetime
    ends: datetime
    parent_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeAgreement(Change):
    """Change an agreement; what is None or KEEP stays."""

    id: str
    number: str | None = None
    programme: str | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    parent_id: MaybeText = KEEP
    expect: int | None = None


@dataclass(frozen=True, slots=True)
class TerminateAgreement(Change):
    """End an agreement now; subscriptions under it run on."""

    id: str
    expect: int | None = None


@dataclass(frozen=True, slots=True)
class RecordPayment(Change):
    """Write down that an invoice was paid."""

    invoice_id: str


@dataclass(frozen=True, slots=True)
class VoidInvoice(Change):
    """Declare an invoice that nobody has paid void."""

    invoice_id: str


@dataclass(frozen=True, slots=True)
class CreditInvoice(Change):
    """Issue a credit note over some of an invoice: `amount_minor`, at most what is left of it.

    `expect_left` is what was left when the actor looked; stale if that has changed.
    """

    invoice_id: str
    amount_minor: int
    reason: str
    expect_left: int | None = None


@dataclass(frozen=True, slots=True)
class RecordUsage(Change):
    """Write down what is used of a quota on a day (UTC, "2026-11-22"; today unless told)."""

    sku_id: str
    used: int
    day: str = ""


@dataclass(frozen=True, slots=True)
class SaveView(Change):
    """Keep a list's filter and order under a name; with `id`, rename or share a kept one.

    `list` is the list's key, `query` what it writes in its address. `shared`: for everybody.
    """

    list: str
    name: str
    query: str = ""
    shared: bool = False
    id: str | None = None


@dataclass(frozen=True, slots=True)
class DeleteView(Change):
    """Forget a saved view."""

    id: str


@dataclass(frozen=True, slots=True)
class ExportList(Change):
    """Say that a list was exported: which, by what filter, how many rows. Changes nothing else."""

    list: str
    name: str
    query: str
    rows: int


@dataclass(frozen=True, slots=True)
class KeepImport(Change):
    """Keep an uploaded file of people until its columns are mapped; Result.id names the import.

    `content` is sealed before it is stored; `rows` is how many there are below the headings.
    """

    file_name: str
    content: bytes = field(repr=False)
    header: Sequence[str]
    rows: int


@dataclass(frozen=True, slots=True)
class MapImport(Change):
    """Say what the columns of a kept file mean ({number: meaning}), and rehearse it."""

    id: str
    mapping: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class CommitImport(Change):
    """Make in earnest what was rehearsed."""

    id: str


@dataclass(frozen=True, slots=True)
class CancelImport(Change):
    """Stop an import; what it has made stays."""

    id: str


@dataclass(frozen=True, slots=True)
class AdvanceImport(Change):
    """A chunk of an import is made by this very batch, and closes it: the place moves with it.

    `made` are (row, person, first result, one after the last) of the batch; `refused` (row, code,
    sentence). `claims` and `position` are those under which the worker holds the import.
    """

    id: str
    claims: int
    position: int
    rows: int
    made: Sequence[tuple[int, str, int, int]] = ()
    refused: Sequence[tuple[int, str, str]] = ()

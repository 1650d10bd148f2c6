"""The verbs of proving who one is: passwords, one-time links, sessions, sign-ins at partners."""

from datetime import timedelta

from sqlalchemy import select

from idp.changes import sign_ins
from idp.changes.authority import check_own_password, check_rank, check_scope
from idp.changes.batch import Batch, Needs, Person, Result, Row
from idp.changes.intents import (
    Change,
    EndSession,
    EndSessions,
    IssueLink,
    RecordSignIn,
    RedeemLink,
    SetPassword,
    StartSession,
)
from idp.clock import new_id, new_secret
from idp.directory.credentials import BrowserSession, Credential, OneTimeLink, link_address
from idp.directory.errors import Conflict, Forbidden, Invalid, not_found
from idp.directory.users import User
from idp.directory.values import digest

LINK_LIFE = {
    "invite": timedelta(days=7),
    "reset": timedelta(minutes=20),
    "admin": timedelta(minutes=20),
}


def needs(change: Change, wanted: Needs) -> None:
    """What a change of access names."""
    if isinstance(change, RedeemLink):
        wanted.links.add(digest(change.token))
        return
    if not isinstance(change, EndSession):
        wanted.users.add(change.user_id)  # type: ignore[attr-defined]
    if isinstance(change, RecordSignIn):
        wanted.connections.add(change.partner_id)


def _held(batch: Batch, user_id: str) -> Person:
    who = batch.users.get(user_id)
    if who is None:
        raise not_found("user")
    return who


def _check_reach(batch: Batch, who: Person) -> None:
    """Oneself always; others with users.reset, below one's own rank, inside one's scope."""
    actor = batch.actor
    if actor.kind != "user" or actor.id == who.id:
        return
    actor.need("users.reset")
    check_rank(batch, who.id)
    check_scope(batch, who.id, "users.reset")


def _target(who: Person) -> tuple[str, str, str]:
    return "User", who.id, str(who.flat.get("userName", ""))


def set_password(batch: Batch, change: SetPassword) -> Result:
    """Replace a person's password; the other sessions end."""
    who = _held(batch, change.user_id)
    check_own_password(batch, who.id)
    _store_password(batch, who.id, change.password_hash)
    if not change.rehash:
        batch.passwords_changed[who.id] = change.keep_session
        batch.new_passwords.add(who.id)
        batch.note("password.changed", _target(who), {})
    return Result(who.id, who.row["version"], changed=True)


def _store_password(batch: Batch, user_id: str, password_hash: str) -> None:
    batch.delete(Credential, {"user_id": user_id, "kind": "password"})
    row: Row = {
        "id": new_id(),
        "org_id": batch.org_id,
        "user_id": user_id,
        "kind": "password",
        "secret_hash": password_hash,
        "created": batch.now,
        "last_modified": batch.now,
    }
    batch.insert(Credential, row)


def issue_link(batch: Batch, change: IssueLink) -> Result:
    """Make a one-time link; earlier ones of the person end."""
    who = _held(batch, change.user_id)
    _check_reach(batch, who)
    if not who.may_sign_in():
        raise Conflict(
            "user_cannot_sign_in", "This person may not sign in; activate or unblock them first."
        )
    if change.purpose not in LINK_LIFE:
        raise Invalid(
            "purpose_unknown", f"A link is for one of {', '.join(LINK_LIFE)}.", attribute="purpose"
        )
    token = new_secret()
    expires_at = batch.now + LINK_LIFE[change.purpose]
    batch.update(OneTimeLink, {"user_id": who.id, "ended_at": None}, {"ended_at": batch.now})
    row: Row = {
        "id": new_id(),
        "org_id": batch.org_id,
        "user_id": who.id,
        "purpose": change.purpose,
        "token_hash": digest(token),
        "created": batch.now,
        "expires_at": expires_at,
        "ended_at": None,
    }
    batch.insert(OneTimeLink, row)
    batch.note("link.issued", _target(who), {"purpose": [None, change.purpose]})
    if change.deliver:
        _mail_link(batch, who, change, token)
    return Result(who.id, who.row["version"], changed=True, secret=token)


def _mail_link(batch: Batch, who: Person, change: IssueLink, token: str) -> None:
    emails, row = who.flat.get("emails") or [], who.row
    address = link_address(who.flat["userName"], emails, row["owners"], row["source"])
    if address:
        content = {"to": address, "user_id": who.id, "purpose": change.purpose}
        batch.mails.append(content | {"link": change.url_prefix + token})


def redeem_link(batch: Batch, change: RedeemLink) -> Result:
    """Use a one-time link up. Of two that try, the second finds it ended."""
    row = batch.links.get(digest(change.token))
    if row is None or row["ended_at"] is not None or row["expires_at"] <= batch.now:
        raise Forbidden(
            "link_ended", "This link was used already, was replaced by a newer one, or has expired."
        )
    user_id = row["user_id"]
    batch.update(OneTimeLink, {"id": row["id"]}, {"ended_at": batch.now})
    if change.password_hash:
        _store_password(batch, user_id, change.password_hash)
        batch.passwords_changed[user_id] = None
        batch.new_passwords.add(user_id)
    name = batch.session.scalar(select(User.user_name).where(User.id == user_id))
    batch.note(
        "link.redeemed",
        ("User", user_id, name or ""),
        {"purpose": [row["purpose"], None]},
    )
    return Result(user_id, changed=True)


def start_session(batch: Batch, change: StartSession) -> Result:
    """Sign a person in; refused for whoever may not sign in, whatever was checked before."""
    who = _held(batch, change.user_id)
    if not who.may_sign_in():
        raise Forbidden("user_cannot_sign_in", "You cannot sign in. Ask your administrator.")
    reference = new_secret()
    row: Row = {
        "id": new_id(),
        "org_id": batch.org_id,
        "user_id": who.id,
        "reference_hash": digest(reference),
        "created": batch.now,
        "last_seen": batch.now,
        "expires_at": change.expires_at,
        "ended_at": None,
        "strength": change.strength,
        "ip": change.ip[:64],
        "user_agent": change.user_agent[:256],
    }
    batch.insert(BrowserSession, row)
    batch.update(User, {"id": who.id}, {"last_sign_in": batch.now})
    batch.note(
        "session.started",
        _target(who),
        {"strength": [None, change.strength], "ip": [None, row["ip"]]},
    )
    name = str(who.flat.get("userName") or "")
    sign_ins.record(batch, (who.id, name), method=change.strength, ip=row["ip"])
    return Result(row["id"], changed=True, secret=reference)


def end_session(batch: Batch, change: EndSession) -> Result:
    """End one session of one's own, or of somebody within reach."""
    table = BrowserSession.__table__
    row = batch.session.execute(
        table.select().where(table.c.id == change.session_id, table.c.org_id == batch.org_id)
    ).first()
    if row is None:
        raise not_found("session")
    if row.ended_at is None:
        _check_session_reach(batch, row.user_id)
        batch.update(BrowserSession, {"id": row.id}, {"ended_at": batch.now})
        batch.note(
            "session.ended", ("User", row.user_id, batch.name_of(row.user_id)), {"open": [1, 0]}
        )
    return Result(row.id)


def _check_session_reach(batch: Batch, user_id: str) -> None:
    actor = batch.actor
    if actor.kind != "user" or actor.id == user_id:
        return
    actor.need("users.reset")
    batch.load_roles_of(user_id)
    check_rank(batch, user_id)
    check_scope(batch, user_id, "users.reset")


def end_sessions(batch: Batch, change: EndSessions) -> Result:
    """End all sessions of a person but one."""
    who = _held(batch, change.user_id)
    _check_reach(batch, who)
    batch.passwords_changed[who.id] = change.keep_session
    return Result(who.id, who.row["version"])


def record_sign_in(batch: Batch, change: RecordSignIn) -> Result:
    """Write down a sign-in, or a refusal, at a partner."""
    who = _held(batch, change.user_id)
    partner = batch.connections.get(change.partner_id)
    if partner is None:
        raise not_found("connection")
    diff = {"result": [None, change.result]} | (
        {"reason": [None, change.reason]} if change.reason else {}
    )
    batch.note(
        "partner.signed_in" if change.result == "success" else "partner.refused",
        _target(who),
        diff,
        related_kind="Connection",
        related_id=change.partner_id,
        related_name=partner["name"],
    )
    sign_ins.record(
        batch,
        (who.id, str(who.flat.get("userName") or "")),
        method="application",
        partner=partner["name"],
        result=sign_ins.SUCCESS if change.result == "success" else sign_ins.REFUSED,
        reason=change.reason,
    )
    return Result(who.id, who.row["version"], changed=True)


HANDLERS = {
    SetPassword: set_password,
    IssueLink: issue_link,
    RedeemLink: redeem_link,
    StartSession: start_session,
    EndSession: end_session,
    EndSessions: end_sessions,
    RecordSignIn: record_sign_in,
}

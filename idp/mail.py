"""Mail: through SMTP where it is configured, into the demo's mailbox where the demo runs."""

import smtplib
import ssl
from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import current_app
from sqlalchemy import ForeignKeyConstraint, Index, String, Text, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from idp import sealing
from idp.changes.first_run import TEST_PURPOSE
from idp.changes.notice_kinds import KINDS
from idp.clock import now
from idp.config import Settings
from idp.directory.actors import Actor
from idp.extensions import Model, db, writing

TIMEOUT = 20  # seconds for a mail server to answer
_SUBJECTS = {
    "invite": "Your account is ready: choose a password",
    "reset": "Choose a new password",
    "admin": "Your one-time sign-in link",
    "signup": "Confirm your address to create your organization",
}
_TEST = (
    "Mail leaves",
    "Hello,\n\nthis mail was asked for on the set-up page of\n\n    {public_url}\n\n"
    "It shows that mail leaves, and arrives. You need do nothing.\n",
)
_TEXT = """Hello,

{sentence}

    {link}

The link works once. If you did not expect this message, you need do nothing.
"""
_STOPPED = """Hello,

{name} was stopped: {told}.
Nothing of it was applied, and {name} can change nothing until somebody decides.

See what was asked, and approve or reject it:

    {link}
"""
_BRAKE_PAGE = "/identity/provisioning/{}/brake"
_SENTENCES = {
    "invite": "an account was made for you. Choose your password within seven days:",
    "reset": "choose a new password within twenty minutes:",
    "admin": "sign in within twenty minutes:",
    "signup": "somebody, probably you, wants to create an organization. Go on within an hour:",
}
_NOTICES = """Hello,

{lines}
You receive this because of your role at {organization}. All notices: {link}
"""
_NOTICE = """{subject}
{sentence} {todo}

    {link}
"""


# What people send to the operator, as they wrote it.
_LETTERS = {
    "feedback": (
        "Feedback ({mood})",
        "{text}\n\nFrom: {from}\nPage: {page}\nRequest: {request_id}\nAt: {public_url}\n",
    ),
    "case": (
        "[{case_id}] {subject}",
        "{text}\n\nFrom: {from}\nCase: {public_url}/support/cases/{case_id}\n\n{diagnostics}\n",
    ),
}


class MailboxMessage(Model):
    """A message of the demo, kept in place of being sent. The text is sealed."""

    __tablename__ = "mailbox_messages"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"]),
        Index("ix_mailbox_messages_org", "org_id", "id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)  # the delivery's: no doubles
    org_id: Mapped[str] = mapped_column(String(36))
    recipient: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(String(256))
    body: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime]


class NoMailServer(Exception):
    """Nothing is configured that could carry a mail."""


def deliver(settings: Settings, delivery_id: str, org_id: str, mail: dict[str, Any]) -> None:
    """Carry one mail to where mails go; raises what kept it from getting there."""
    subject, body = _written(settings, mail)
    if settings.smtp_url:
        _send(settings, delivery_id, mail["to"], subject, body)
    elif settings.demo:
        _keep(delivery_id, org_id, mail["to"], subject, body)
    else:
        raise NoMailServer("no mail server is configured (CHAMBERLAIN_SMTP_URL)")


def _written(settings: Settings, mail: dict[str, Any]) -> tuple[str, str]:
    """Subject and text."""
    if mail["purpose"] == "quarantine":
        link = settings.public_url + _BRAKE_PAGE.format(mail["connection_id"])
        name = " ".join(mail["name"].split())
        return f"{name} was stopped", _STOPPED.format(name=name, told=mail["told"], link=link)
    if mail["purpose"] in _LETTERS:
        subject, text = _LETTERS[mail["purpose"]]
        said = mail | {"public_url": settings.public_url}
        return " ".join(subject.format(**said).split()), text.format(**said)
    if mail["purpose"] == TEST_PURPOSE:
        return _TEST[0], _TEST[1].format(public_url=settings.public_url)
    if mail["purpose"] == "notices":
        return _notices(settings, mail)
    text = _TEXT.format(sentence=_SENTENCES[mail["purpose"]], link=mail["link"])
    return _SUBJECTS[mail["purpose"]], text


def _notices(settings: Settings, mail: dict[str, Any]) -> tuple[str, str]:
    """One mail with all that is new; its subject is the first, and how many more there are."""
    told = [_notice(settings, one) for one in mail["notices"] if one["kind"] in KINDS]
    more = f", and {len(told) - 1} more" if told[1:] else ""
    body = _NOTICES.format(
        lines="\n".join(text for _, text in told),
        organization=mail["organization"],
        link=f"{settings.public_url}/notices",
    )
    return f"{told[0][0] if told else 'Notices'}{more}", body


def _notice(settings: Settings, one: dict[str, Any]) -> tuple[str, str]:
    """The subject of a notice, and what the mail says of it."""
    kind = KINDS[one["kind"]]
    ends = datetime.fromisoformat(one["ends_at"]) if one["ends_at"] else None
    args = {name: " ".join(str(value).split()) for name, value in one["args"].items()}
    args |= _said_of(ends) if ends else {}
    subject = kind.subject % args
    link = address(settings, kind.endpoint, one["place"])
    shown = {"sentence": kind.sentence % args, "todo": kind.todo % args, "link": link}
    return subject, _NOTICE.format(subject=subject, **shown)


def _said_of(ends: datetime) -> dict[str, Any]:
    """An end in words: 3 December 2026, in 11 days."""
    days = (ends.date() - now().date()).days
    near = {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
    return {"ends": f"{ends.day} {ends:%B %Y}", "near": near, "days": days}


def address(settings: Settings, endpoint: str, values: Mapping[str, Any]) -> str:
    """A page's address for a mail, where there is no request to take the server's name from."""
    origin = urlsplit(settings.public_url)
    urls = current_app.url_map.bind(origin.netloc, url_scheme=origin.scheme)
    return urls.build(endpoint, values, force_external=True)


def _send(settings: Settings, delivery_id: str, recipient: str, subject: str, body: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.mail_from, recipient, subject
    message["Message-ID"] = f"<{delivery_id}@{settings.mail_from.rpartition('@')[2]}>"
    message.set_content(body)
    parts = urlsplit(settings.smtp_url)
    secure = ssl.create_default_context()
    host, port = parts.hostname or "", parts.port
    with (
        smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT, context=secure)
        if parts.scheme == "smtps"
        else smtplib.SMTP(host, port or 587, timeout=TIMEOUT)
    ) as server:
        if parts.scheme == "smtp" and host not in ("localhost", "127.0.0.1"):
            server.starttls(context=secure)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)


def _keep(message_id: str, org_id: str, recipient: str, subject: str, body: str) -> None:
    with writing() as session:
        if session.get(MailboxMessage, message_id) is None:
            row = {
                "id": message_id,
                "org_id": org_id,
                "recipient": recipient,
                "subject": subject,
                "body": sealing.seal(body.encode()),
                "created": now(),
            }
            session.execute(insert(MailboxMessage), row)


def mailbox(actor: Actor, limit: int = 50) -> list[dict[str, Any]]:
    """The demo's messages of the actor's organization, newest first."""
    statement = select(MailboxMessage).where(MailboxMessage.org_id == actor.org_id)
    rows = db.session.scalars(statement.order_by(MailboxMessage.id.desc()).limit(limit))
    return [
        {
            "recipient": row.recipient,
            "subject": row.subject,
            "body": sealing.unseal(row.body).decode(),
            "created": row.created,
        }
        for row in rows
    ]

"""What ends soon, as cases: tokens, client secrets, keys of connections; partners' certificates."""

from base64 import b64decode
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from sqlalchemy import select
from sqlalchemy.orm import Session

from idp.changes.notices import Case
from idp.directory.connections import Connection
from idp.directory.credentials import SigningKey
from idp.directory.expiry import THRESHOLDS, Ending, ending, endings

_SOON = timedelta(days=THRESHOLDS[0])


def tokens(session: Session, moment: datetime) -> Iterator[Case]:
    """Bearer tokens that end soon."""
    return map(_case, endings(session.execute(ending(moment)[0])))


def secrets(session: Session, moment: datetime) -> Iterator[Case]:
    """Client secrets that end soon."""
    return _of_kind(session, moment, "secret")


def keys(session: Session, moment: datetime) -> Iterator[Case]:
    """Keys by which a connection proves itself, that end soon."""
    return _of_kind(session, moment, "key")


def _of_kind(session: Session, moment: datetime, kind: str) -> Iterator[Case]:
    found = endings(session.execute(ending(moment)[1]))
    return (_case(one) for one in found if one.kind == kind)


def _case(one: Ending) -> Case:
    hint = f"{one.hint}…" if one.kind == "key" else f"…{one.hint}"
    args = {"name": one.connection_name, "hint": hint}
    place = {"connection_id": one.connection_id}
    return Case(one.org_id, one.id, args, place, one.expires_at, one.warned_days)


def certificates(session: Session, moment: datetime) -> Iterator[Case]:
    """Applications of which a certificate ends soon."""
    for ends, case in _by_certificate(session):
        if moment < ends <= moment + _SOON:
            yield replace(case, ends_at=ends)


def ended_certificates(session: Session, moment: datetime) -> Iterator[Case]:
    """Applications of which a certificate has ended."""
    return (case for ends, case in _by_certificate(session) if ends <= moment)


def _by_certificate(session: Session) -> Iterator[tuple[datetime, Case]]:
    """Every application that gave a certificate, and when the first of them ends."""
    table = Connection.__table__.c
    wanted = select(table.id, table.org_id, table.name, table.settings).where(
        table.kind == "saml", table.enabled
    )
    for row in session.execute(wanted):
        ends = min(_ends(row.settings.get("partner") or {}), default=None)
        if ends is not None:
            case = Case(row.org_id, row.id, {"name": row.name}, {"connection_id": row.id})
            yield ends, case


def _ends(partner: dict[str, Any]) -> Iterable[datetime]:
    given = [*(partner.get("signing") or ())]
    given += [key["certificate"] for key in partner.get("encryption") or ()]
    return (x509.load_der_x509_certificate(b64decode(one)).not_valid_after_utc for one in given)


def signing_keys(session: Session, moment: datetime) -> Iterator[Case]:
    """Keys with which an organization itself signs, that end soon."""
    table = SigningKey.__table__.c
    wanted = select(table.id, table.org_id, table.purpose, table.not_after).where(
        table.state == "current", table.not_after <= moment + _SOON
    )
    for row in session.execute(wanted):
        yield Case(row.org_id, row.id, ends_at=row.not_after)

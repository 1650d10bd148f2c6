"""What people asked for, and what was answered."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from idp.directory import keyset
from idp.directory.actors import Actor
from idp.directory.errors import not_found
from idp.directory.people import find_users, names_of
from idp.directory.sets import same
from idp.directory.users import User
from idp.directory.views import Page, UserView
from idp.extensions import db
from idp.licensing.catalogue import SkuView, catalogue
from idp.licensing.reach import covered
from idp.licensing.seats import LicenseRequest
from idp.licensing.subscriptions import Pool

OPEN, GRANTED, DECLINED = "", "granted", "declined"
_BY_AGE = keyset.Sort("asked", (keyset.Part(None, (LicenseRequest.asked_at, LicenseRequest.id)),))


@dataclass(frozen=True, slots=True)
class RequestView:
    """Somebody's wish for a product. `decision` is OPEN, GRANTED or DECLINED.

    `user` is None on one's own list; `decided_by` is a name.
    """

    id: str
    user: UserView | None
    sku: SkuView
    reason: str
    asked_at: datetime
    decision: str
    answer: str
    decided_at: datetime | None
    decided_by: str


def page_requests(
    actor: Actor, *, decided: bool = False, cursor: str | None = None, limit: int = 50
) -> Page[RequestView]:
    """Requests of people whom the actor sees: the open, oldest first; or the decided, newest first.

    Raises Forbidden.
    """
    statement = _requests(actor, decided=decided)
    order = keyset.Sort(_BY_AGE.key, _BY_AGE.parts, descending=decided)
    rows, following = keyset.page(statement, order, cursor, limit)
    people = find_users(actor, [row.user_id for row in rows])
    names = _deciders(actor, rows)
    views = [_view(row, people[row.user_id], names) for row in rows if row.user_id in people]
    return Page(views, following)


def count_requests(actor: Actor) -> int:
    """How many wait to be decided by who sees what the actor sees. Raises Forbidden."""
    waiting = _requests(actor, decided=False).with_only_columns(LicenseRequest.id).subquery()
    return db.session.scalar(select(func.count()).select_from(waiting)) or 0


def find_request(actor: Actor, request_id: str) -> RequestView:
    """One request. Raises NotFound, Forbidden."""
    seen = covered(actor, LicenseRequest.user_id)
    here = same(LicenseRequest.id, request_id), LicenseRequest.org_id == actor.org_id, seen
    row = db.session.execute(select(LicenseRequest.__table__).where(*here)).first()
    people = find_users(actor, [row.user_id]) if row else {}
    if row is None or row.user_id not in people:
        raise not_found("license_request")
    return _view(row, people[row.user_id], _deciders(actor, [row]))


def my_requests(actor: Actor, limit: int = 20) -> list[RequestView]:
    """What the actor asked for, the newest first."""
    own = select(LicenseRequest.__table__).where(
        LicenseRequest.user_id == actor.id, LicenseRequest.org_id == actor.org_id
    )
    newest = LicenseRequest.asked_at.desc(), LicenseRequest.id.desc()
    rows = db.session.execute(own.order_by(*newest).limit(limit)).all()
    return [_view(row, None, {}) for row in rows]


def requestable(actor: Actor) -> list[SkuView]:
    """The products that the organization has units of, by name: what one may ask for."""
    here = select(Pool.sku_id).where(Pool.org_id == actor.org_id, Pool.enabled + Pool.warning > 0)
    skus = [catalogue().skus[one] for one in db.session.scalars(here)]
    return sorted((s for s in skus if s.assignable and not s.retired_at), key=lambda s: s.name)


def _requests(actor: Actor, *, decided: bool) -> Select[Any]:
    """Those who went since they asked are left out."""
    state = LicenseRequest.decision != OPEN if decided else LicenseRequest.decision == OPEN
    seen = LicenseRequest.org_id == actor.org_id, covered(actor, LicenseRequest.user_id), state
    statement = select(*LicenseRequest.__table__.c).join(User, User.id == LicenseRequest.user_id)
    return statement.where(*seen, User.deleted_at.is_(None))


def _deciders(actor: Actor, rows: Any) -> dict[str, str]:
    return names_of(actor, {row.decided_by for row in rows if row.decided_by})


def _view(row: Any, user: UserView | None, names: dict[str, str]) -> RequestView:
    return RequestView(
        row.id,
        user,
        catalogue().skus[row.sku_id],
        row.reason,
        row.asked_at,
        row.decision,
        row.answer,
        row.decided_at,
        names.get(row.decided_by or "", ""),
    )

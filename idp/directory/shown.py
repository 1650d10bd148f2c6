"""People as answers show them, each with what only the directory knows of them.

One statement reads a page of them whole: the record's text, the caller's own name for them, their
manager's name, their groups and what they may use. It is made once, when this file is loaded: to
build a statement anew for each request costs several times what the database needs to answer it.
"""

from collections.abc import Collection, Sequence
from itertools import combinations
from typing import Any

from sqlalchemy import Select, String, and_, bindparam, func, literal_column, null, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from idp.directory.actors import Actor
from idp.directory.connections import Link
from idp.directory.entitled import ATTRIBUTE as ENTITLEMENTS
from idp.directory.entitled import entitlement_rows
from idp.directory.errors import not_found
from idp.directory.groups import EffectiveMembership, Group, Membership
from idp.directory.json_rows import JsonRows
from idp.directory.prepared import Prepared
from idp.directory.reach import reaches_everybody, within_reach
from idp.directory.sets import among, storable
from idp.directory.users import User
from idp.directory.views import DERIVED, ShownUser
from idp.extensions import db


class _Rfc3339(FunctionElement[str]):
    """A moment as JSON shows it (`clock.rfc3339`): a hundred people would be parsed for nothing."""

    type = String()
    name = "rfc3339"
    inherit_cache = True


@compiles(_Rfc3339)
def _rfc3339(element: _Rfc3339, compiler: Any, **kw: Any) -> str:
    kept = compiler.process(element.clauses, **kw)  # 2026-12-03 14:05:00.123000
    return f"substr({kept}, 1, 10) || 'T' || substr({kept}, 12, 12) || 'Z'"


@compiles(_Rfc3339, "postgresql")
def _rfc3339_postgresql(element: _Rfc3339, compiler: Any, **kw: Any) -> str:
    moment = f"{compiler.process(element.clauses, **kw)} AT TIME ZONE 'UTC'"
    return f"""to_char({moment}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""


_user: Any = User.__table__
_boss: Any = _user.alias("boss")
_link: Any = Link.__table__


def _group_rows() -> Any:
    """The groups somebody belongs to: key of the name, id, name, and their own id if directly."""
    belongs: Any = EffectiveMembership.__table__
    group: Any = Group.__table__
    direct: Any = Membership.__table__
    itself = and_(direct.c.group_id == belongs.c.group_id, direct.c.member_id == _user.c.id)
    row = (group.c.display_name_key, group.c.id, group.c.display_name, direct.c.member_id)
    places = belongs.join(group, group.c.id == belongs.c.group_id).outerjoin(direct, itself)
    found = select(JsonRows(*row)).select_from(places).where(belongs.c.user_id == _user.c.id)
    return found.scalar_subquery()


def _manager_name() -> Any:
    """What `UserView.shown_name` is, by the database."""
    nothing: Any = literal_column("''")
    space: Any = literal_column("' '")
    given, family = (func.coalesce(n, nothing) for n in (_boss.c.given_name, _boss.c.family_name))
    full = func.nullif(func.trim(given.concat(space).concat(family)), nothing)
    shown = func.coalesce(_boss.c.display_name, _boss.c.name_formatted, full, _boss.c.user_name)
    return (
        select(shown)
        .where(
            _boss.c.id == _user.c.manager_id,
            _boss.c.org_id == _user.c.org_id,
            _boss.c.deleted_at.is_(None),
        )
        .scalar_subquery()
    )


def _external_id() -> Any:
    """The name under which the caller's connection knows somebody."""
    own = (_link.c.connection_id == bindparam("connection"), _link.c.subject_id == _user.c.id)
    return select(_link.c.foreign_id).where(*own).scalar_subquery()


def showing(who: Any) -> dict[frozenset[str], Prepared]:
    """The reads that show whom a condition means; by what of `DERIVED` is shown, too."""
    derived = {"groups": _group_rows(), ENTITLEMENTS: entitlement_rows(_user.c.id)}
    return {
        frozenset(shown): Prepared(
            _statement(who, [derived[n] if n in shown else null() for n in sorted(DERIVED)])
        )
        for count in range(len(DERIVED) + 1)
        for shown in combinations(DERIVED, count)
    }


def _statement(who: Any, derived: Sequence[Any]) -> Select[Any]:
    """The columns are those of `ShownUser`. Subqueries, not joins: each is one look at an index."""
    statement = select(
        _user.c.id,
        _user.c.user_name,
        _user.c.version,
        _Rfc3339(_user.c.created).label("created"),
        _Rfc3339(_user.c.last_modified).label("last_modified"),
        _user.c.document,
        _external_id().label("external_id"),
        _user.c.manager_id,
        _manager_name().label("manager_name"),
        *derived,
    )
    present = (_user.c.org_id == bindparam("org"), _user.c.deleted_at.is_(None))
    return statement.where(who, *present).order_by(_user.c.id)


_ONE = showing(_user.c.id == bindparam("id"))
_MANY = showing(among(_user.c.id, "ids"))


def show_user(actor: Actor, user_id: str, derived: frozenset[str] = DERIVED) -> ShownUser:
    """One person, or NotFound; with what of `DERIVED` is wanted."""
    rows = _read(actor, _ONE[derived], id=user_id) if storable(user_id) else ()
    if not rows:
        raise not_found("user")
    return ShownUser._make(rows[0])


def show_users(
    actor: Actor, ids: Collection[str], derived: frozenset[str] = DERIVED
) -> dict[str, ShownUser]:
    """{id: person} of those of these who exist and are in reach."""
    rows = _read(actor, _MANY[derived], ids=ids) if ids else ()
    return {row[0]: ShownUser._make(row) for row in rows}


def _read(actor: Actor, question: Prepared, **who: Any) -> Sequence[Any]:
    asked = {**who, "org": actor.org_id, "connection": actor.connection_id}
    if reaches_everybody(actor):
        return question.rows(**asked)
    return db.session.execute(within_reach(actor, question.statement), asked).all()

"""Who misses a licence, as cases: products without a unit for those who wait, and other errors."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from idp.changes.notices import Case
from idp.licensing.catalogue import Sku
from idp.licensing.decision import COUNT
from idp.licensing.seats import SeatProblem


def shortages(session: Session, _moment: datetime) -> Iterator[Case]:
    """Products of which people wait for a unit."""
    return _cases(session, SeatProblem.code == COUNT)


def errors(session: Session, _moment: datetime) -> Iterator[Case]:
    """Products that people cannot hold for another reason."""
    return _cases(session, SeatProblem.code != COUNT)


def _cases(session: Session, which: ColumnElement[bool]) -> Iterator[Case]:
    counted = (
        select(SeatProblem.org_id, Sku.id, Sku.name, Sku.part_number, func.count().label("people"))
        .join(Sku, Sku.id == SeatProblem.sku_id)
        .where(which)
        .group_by(SeatProblem.org_id, Sku.id, Sku.name, Sku.part_number)
    )
    for row in session.execute(counted):
        args = {"name": row.name, "count": row.people}
        yield Case(row.org_id, row.id, args, {"part_number": row.part_number})

"""What is used of a quota, and of seats, on each day (UTC): one sample for each SKU and day."""

import re
from datetime import date, timedelta
from typing import Any

from sqlalchemy import BindParameter, bindparam, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from idp.changes.batch import Batch, Needs, Result
from idp.changes.intents import Change, RecordUsage
from idp.clock import now
from idp.directory.errors import Invalid, not_found
from idp.extensions import UtcType, writing
from idp.licensing.billing import UsageSample
from idp.licensing.catalogue import QUOTA, SEAT, Service, Sku, catalogue_of
from idp.licensing.subscriptions import Pool

MOST_USED = 2**53 - 1  # what JSON carries exactly
_HERE: BindParameter[str] = bindparam("org")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SAMPLE = select(UsageSample.used, UsageSample.units).where(
    UsageSample.org_id == _HERE,
    UsageSample.sku_id == bindparam("sku"),
    UsageSample.day == bindparam("day"),
)
_UNITS = select(Pool.enabled + Pool.warning).where(
    Pool.org_id == _HERE, Pool.sku_id == bindparam("sku")
)


def needs(_change: Change, wanted: Needs) -> None:
    """One at a time: the last sample of a day counts."""
    wanted.alone = True


def record_usage(batch: Batch, change: RecordUsage) -> Result:
    """Keep what is used of a quota; a later sample of the same day takes its place."""
    sku = catalogue_of(batch.catalogue_version).skus.get(change.sku_id)
    units = batch.connection.execute(_UNITS, {"org": batch.org_id, "sku": change.sku_id}).scalar()
    if sku is None or sku.service.unit != QUOTA or units is None:
        raise not_found("quota")
    if not 0 <= change.used <= MOST_USED:
        raise Invalid("usage_invalid", "From 0 to 2^53 - 1.", attribute="used")
    key = {"org_id": batch.org_id, "sku_id": sku.id, "day": _day(batch, change.day)}
    values = {"used": change.used, "units": units, "recorded": batch.now}
    held = batch.ask(_SAMPLE, sku=sku.id, day=key["day"])
    if not held:
        batch.insert(UsageSample, key | values)
    elif (held[0]["used"], held[0]["units"]) != (change.used, units):
        batch.update(UsageSample, key, values)
    else:
        return Result(sku.id)
    return Result(sku.id, changed=True)


def _day(batch: Batch, given: str) -> str:
    """The day of a sample: not ahead, for what is used tomorrow nobody knows."""
    if not given:
        return batch.now.date().isoformat()
    try:
        day = date.fromisoformat(given) if _DAY.fullmatch(given) else None
    except ValueError:
        day = None
    if day is None or day > batch.now.date() + timedelta(days=1):
        raise Invalid("day_invalid", "A day such as 2026-11-22, not ahead.", attribute="day")
    return given


def sample_seats() -> int:
    """Keep what of every pool of seats is taken today: one statement, however many there are.

    A technical record like a log, so it is in nobody's audit.
    """
    moment = now()
    pools = (
        select(
            Pool.org_id,
            Pool.sku_id,
            literal(moment.date().isoformat()),
            Pool.consumed,
            Pool.enabled + Pool.warning,
            literal(moment, UtcType()),
        )
        .join(Sku, Sku.id == Pool.sku_id)
        .join(Service, Service.id == Sku.service_id)
        .where(Service.unit == SEAT)
    )
    with writing() as session:
        dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        columns = ["org_id", "sku_id", "day", "used", "units", "recorded"]
        wanted = dialect.insert(UsageSample).from_select(columns, pools)
        newer = {name: wanted.excluded[name] for name in columns[3:]}
        taken = wanted.on_conflict_do_update(index_elements=columns[:3], set_=newer)
        return int(session.execute(taken).rowcount)  # type: ignore[attr-defined]


HANDLERS = {RecordUsage: record_usage}

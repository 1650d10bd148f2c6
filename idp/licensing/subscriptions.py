"""What an organization subscribed to, the agreements behind it, and each SKU's pool of units."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from idp.extensions import Model


class Agreement(Model):
    """A volume licence agreement. Its status follows from its coverage dates and its end."""

    __tablename__ = "agreements"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"]),
        ForeignKeyConstraint(["org_id", "parent_id"], ["agreements.org_id", "agreements.id"]),
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("org_id", "number"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    number: Mapped[str] = mapped_column(String(64))  # the licence id
    programme: Mapped[str] = mapped_column(String(128))
    parent_id: Mapped[str | None] = mapped_column(String(36))
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    terminated_at: Mapped[datetime | None]
    created: Mapped[datetime]
    last_modified: Mapped[datetime]
    version: Mapped[int]


class Subscription(Model):
    """So many units of a SKU, from a day to a day. `state` and `next_at` are what was last written
    down of its lifecycle: `idp.licensing.lifecycle` says what it is.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"]),
        ForeignKeyConstraint(["sku_id"], ["skus.id"]),
        ForeignKeyConstraint(["offer_id"], ["offers.id"]),
        ForeignKeyConstraint(["org_id", "agreement_id"], ["agreements.org_id", "agreements.id"]),
        UniqueConstraint("org_id", "id"),
        CheckConstraint("quantity >= 0", name="quantity"),
        Index("ix_subscriptions_sku", "org_id", "sku_id"),
        Index("ix_subscriptions_next", "next_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    sku_id: Mapped[str] = mapped_column(String(36))
    offer_id: Mapped[str] = mapped_column(String(36))
    agreement_id: Mapped[str | None] = mapped_column(String(36))
    name: Mapped[str] = mapped_column(String(256))  # what people call it; at first the offer's name
    quantity: Mapped[int]
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    auto_renew: Mapped[bool]
    extended_at: Mapped[datetime | None]  # a trial, once
    cancelled_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    converted_from: Mapped[str | None] = mapped_column(String(36))  # a subscription
    purchase_order: Mapped[str] = mapped_column(String(128))
    state: Mapped[str] = mapped_column(String(16))
    next_at: Mapped[datetime | None]
    created: Mapped[datetime]
    last_modified: Mapped[datetime]
    version: Mapped[int]


class Pool(Model):
    """The units of a SKU: what the states of its subscriptions give, and what is taken.

    A new holding needs consumed < enabled + warning. That is no constraint: expiry and a reduced
    quantity may leave more taken than there are (over-allocated, since `excess_since`).
    """

    __tablename__ = "pools"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"]),
        ForeignKeyConstraint(["sku_id"], ["skus.id"]),
        CheckConstraint("consumed >= 0", name="consumed"),
    )

    org_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    sku_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    enabled: Mapped[int]
    warning: Mapped[int]
    suspended: Mapped[int]
    consumed: Mapped[int]
    excess_since: Mapped[datetime | None]
    next_at: Mapped[datetime | None]  # when a state of its subscriptions changes next

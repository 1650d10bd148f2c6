"""Who should hold what (grants), who holds it (holdings), and who does not, and why (problems)."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.extensions import Model

PERSON, GROUP, EVERYONE = "user", "group", "everyone"


class Grant(Model):
    """An intention: this SKU for a person, for a group's effective members, or for everyone."""

    __tablename__ = "grants"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"]),
        ForeignKeyConstraint(["sku_id"], ["skus.id"]),
        ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
        ForeignKeyConstraint(["org_id", "group_id"], ["groups.org_id", "groups.id"]),
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("org_id", "sku_id", "kind", "principal"),
        Index("ix_grants_principal", "org_id", "principal"),
        Index("ix_grants_group", "group_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(8))  # "user", "group", "everyone"
    principal: Mapped[str] = mapped_column(String(36))  # the id of either, or ""
    user_id: Mapped[str | None] = mapped_column(String(36))
    group_id: Mapped[str | None] = mapped_column(String(36))
    sku_id: Mapped[str] = mapped_column(String(36))
    plans_off: Mapped[list[Any]]  # names of plans
    created: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(36))
    version: Mapped[int]


class Holding(Model):
    """A fact: a person holds one unit of a SKU, however many grants say so."""

    __tablename__ = "holdings"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
        ForeignKeyConstraint(["sku_id"], ["skus.id"]),
        Index("ix_holdings_sku", "org_id", "sku_id", "user_id"),
        {"sqlite_with_rowid": False},
    )

    user_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    sku_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    plans_off: Mapped[list[Any]]
    since: Mapped[datetime]


class SeatProblem(Model):
    """Why a person does not hold a granted SKU (or still holds one no longer granted).

    `code` is one of `decision.CODES`; those of "count_violation" are the waiting list, served in
    the order of `since`, then of `place`.
    """

    __tablename__ = "seat_problems"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
        ForeignKeyConstraint(["sku_id"], ["skus.id"]),
        Index("ix_seat_problems_waiting", "org_id", "sku_id", "code", "since", "place"),
        {"sqlite_with_rowid": False},
    )

    user_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    sku_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    code: Mapped[str] = mapped_column(String(48))
    detail: Mapped[str] = mapped_column(String(256))
    since: Mapped[datetime]
    place: Mapped[str] = mapped_column(String(36))


class SeatTurn(Model):
    """Work that is owed: look at the seats of many people, some hundred at a time.

    `kind` "everybody" walks all whom a SKU concerns in the order of ids, from `after` on;
    "waiting" serves the waiting list of a SKU.
    """

    __tablename__ = "seat_turns"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"]),
        ForeignKeyConstraint(["sku_id"], ["skus.id"]),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    sku_id: Mapped[str] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(16))
    after: Mapped[str] = mapped_column(String(36))
    created: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    failures: Mapped[int]


class LicenseRequest(Model):
    """A person asks for a SKU; `decision` is "", "granted" or "declined"."""

    __tablename__ = "license_requests"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
        ForeignKeyConstraint(["sku_id"], ["skus.id"]),
        Index("ix_license_requests_open", "org_id", "decision", "asked_at"),
        Index("ix_license_requests_user", "user_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    user_id: Mapped[str] = mapped_column(String(36))
    sku_id: Mapped[str] = mapped_column(String(36))
    reason: Mapped[str] = mapped_column(String(1024))
    asked_at: Mapped[datetime]
    decision: Mapped[str] = mapped_column(String(16))
    answer: Mapped[str] = mapped_column(String(1024))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(36))

"""Invoices and their lines, in integer minor units; and what was used on each day."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from idp.extensions import Model

INVOICE, CREDIT = "invoice", "credit"
ISSUED, PAID, VOID = "issued", "paid", "void"


class Invoice(Model):
    """An invoice or credit note. Issued, it is never changed: it is paid, voided, or credited.

    `total_minor` is the sum of its lines, negative for a credit note.
    """

    __tablename__ = "invoices"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"]),
        ForeignKeyConstraint(["org_id", "credits_id"], ["invoices.org_id", "invoices.id"]),
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("org_id", "number"),
        CheckConstraint("status IN ('issued', 'paid', 'void')", name="status"),
        Index("ix_invoices_issued", "org_id", "issued_at", "id"),
        Index("ix_invoices_credits", "credits_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    org_id: Mapped[str] = mapped_column(String(36))
    number: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(8))  # "invoice" or "credit"
    credits_id: Mapped[str | None] = mapped_column(String(36))
    status: Mapped[str] = mapped_column(String(8))
    issued_at: Mapped[datetime]
    due_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]  # paid or voided
    currency: Mapped[str] = mapped_column(String(3))
    total_minor: Mapped[int] = mapped_column(BigInteger)
    purchase_order: Mapped[str] = mapped_column(String(128))
    billed_to: Mapped[dict[str, Any]]  # name and address as they were


class InvoiceHead(Model):
    """The last numbers that an organization's invoices and credit notes have.

    It changes with the rows that take the next ones, under the organization's lock: no gaps.
    """

    __tablename__ = "invoice_heads"
    __table_args__ = (ForeignKeyConstraint(["org_id"], ["organizations.id"]),)

    org_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    invoices: Mapped[int]
    credits: Mapped[int]


class InvoiceLine(Model):
    """A line: so many units of a subscription for a period, at a price for each."""

    __tablename__ = "invoice_lines"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "invoice_id"], ["invoices.org_id", "invoices.id"]),
        Index("ix_invoice_lines_subscription", "subscription_id"),
        {"sqlite_with_rowid": False},
    )

    invoice_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    org_id: Mapped[str] = mapped_column(String(36))
    subscription_id: Mapped[str] = mapped_column(String(36))
    sku_id: Mapped[str] = mapped_column(String(36))
    description: Mapped[str] = mapped_column(String(256))
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]
    quantity: Mapped[int]
    unit_minor: Mapped[int] = mapped_column(BigInteger)
    amount_minor: Mapped[int] = mapped_column(BigInteger)


class UsageSample(Model):
    """What was used, and how much there was, of a SKU at the end of a day (UTC, "2026-11-22")."""

    __tablename__ = "usage_samples"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"]),
        ForeignKeyConstraint(["sku_id"], ["skus.id"]),
        {"sqlite_with_rowid": False},
    )

    org_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    sku_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    used: Mapped[int] = mapped_column(BigInteger)
    units: Mapped[int] = mapped_column(BigInteger)
    recorded: Mapped[datetime]

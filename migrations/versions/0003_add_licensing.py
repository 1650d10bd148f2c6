"""Add licensing: the catalogue, subscriptions, seats, usage, invoices."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "catalogue_versions",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_versions")),
    )
    op.create_table(
        "services",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("publisher", sa.String(length=256), nullable=False),
        sa.Column("description", sa.String(length=2048), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("unit_name", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=2048), nullable=False),
        sa.Column("retired_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_services")),
        sa.UniqueConstraint("slug", name=op.f("uq_services_slug")),
    )
    op.create_table(
        "agreements",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("programme", sa.String(length=128), nullable=False),
        sa.Column("parent_id", sa.String(length=36), nullable=True),
        sa.Column("starts", MOMENT, nullable=False),
        sa.Column("ends", MOMENT, nullable=False),
        sa.Column("terminated_at", MOMENT, nullable=True),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("last_modified", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "parent_id"],
            ["agreements.org_id", "agreements.id"],
            name=op.f("fk_agreements_org_id_parent_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organizations.id"], name=op.f("fk_agreements_org_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreements")),
        sa.UniqueConstraint("org_id", "id", name=op.f("uq_agreements_org_id_id")),
        sa.UniqueConstraint("org_id", "number", name=op.f("uq_agreements_org_id_number")),
    )
    op.create_table(
        "invoices",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("credits_id", sa.String(length=36), nullable=True),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("purchase_order", sa.String(length=128), nullable=False),
        sa.Column("billed_to", DOCUMENT, nullable=False),
        sa.CheckConstraint("status IN ('issued', 'paid', 'void')", name=op.f("ck_invoices_status")),
        sa.ForeignKeyConstraint(
            ["org_id", "credits_id"],
            ["invoices.org_id", "invoices.id"],
            name=op.f("fk_invoices_org_id_credits_id"),
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_invoices_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("org_id", "id", name=op.f("uq_invoices_org_id_id")),
        sa.UniqueConstraint("org_id", "number", name=op.f("uq_invoices_org_id_number")),
    )
    op.create_index("ix_invoices_credits", "invoices", ["credits_id"])
    op.create_index("ix_invoices_issued", "invoices", ["org_id", "issued_at", "id"])
    op.create_table(
        "invoice_heads",
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("invoices", sa.Integer(), nullable=False),
        sa.Column("credits", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organizations.id"], name=op.f("fk_invoice_heads_org_id")
        ),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_invoice_heads")),
    )
    op.create_table(
        "skus",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("service_id", sa.String(length=36), nullable=False),
        sa.Column("part_number", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("retired_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name=op.f("fk_skus_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_skus")),
        sa.UniqueConstraint("part_number", name=op.f("uq_skus_part_number")),
    )
    op.create_table(
        "grants",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("principal", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=True),
        sa.Column("group_id", sa.String(length=36), nullable=True),
        sa.Column("sku_id", sa.String(length=36), nullable=False),
        sa.Column("plans_off", DOCUMENT, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "group_id"],
            ["groups.org_id", "groups.id"],
            name=op.f("fk_grants_org_id_group_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "user_id"],
            ["users.org_id", "users.id"],
            name=op.f("fk_grants_org_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_grants_org_id")),
        sa.ForeignKeyConstraint(["sku_id"], ["skus.id"], name=op.f("fk_grants_sku_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
        sa.UniqueConstraint("org_id", "id", name=op.f("uq_grants_org_id_id")),
        sa.UniqueConstraint(
            "org_id",
            "sku_id",
            "kind",
            "principal",
            name=op.f("uq_grants_org_id_sku_id_kind_principal"),
        ),
    )
    op.create_index("ix_grants_group", "grants", ["group_id"])
    op.create_index("ix_grants_principal", "grants", ["org_id", "principal"])
    op.create_table(
        "holdings",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("sku_id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("plans_off", DOCUMENT, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "user_id"],
            ["users.org_id", "users.id"],
            name=op.f("fk_holdings_org_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["sku_id"], ["skus.id"], name=op.f("fk_holdings_sku_id")),
        sa.PrimaryKeyConstraint("user_id", "sku_id", name=op.f("pk_holdings")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_holdings_sku", "holdings", ["org_id", "sku_id", "user_id"])
    op.create_table(
        "invoice_lines",
        sa.Column("invoice_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("subscription_id", sa.String(length=36), nullable=False),
        sa.Column("sku_id", sa.String(length=36), nullable=False),
        sa.Column("description", sa.String(length=256), nullable=False),
        sa.Column("period_start", MOMENT, nullable=False),
        sa.Column("period_end", MOMENT, nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "invoice_id"],
            ["invoices.org_id", "invoices.id"],
            name=op.f("fk_invoice_lines_org_id_invoice_id"),
        ),
        sa.PrimaryKeyConstraint("invoice_id", "position", name=op.f("pk_invoice_lines")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_invoice_lines_subscription", "invoice_lines", ["subscription_id"])
    op.create_table(
        "license_requests",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("sku_id", sa.String(length=36), nullable=False),
        sa.Column("reason", sa.String(length=1024), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("answer", sa.String(length=1024), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "user_id"],
            ["users.org_id", "users.id"],
            name=op.f("fk_license_requests_org_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["sku_id"], ["skus.id"], name=op.f("fk_license_requests_sku_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_license_requests")),
    )
    op.create_index(
        "ix_license_requests_open", "license_requests", ["org_id", "decision", "asked_at"]
    )
    op.create_index("ix_license_requests_user", "license_requests", ["user_id"])
    op.create_table(
        "offers",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("sku_id", sa.String(length=36), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("term_months", sa.Integer(), nullable=False),
        sa.Column("trial_days", sa.Integer(), nullable=False),
        sa.Column("extension_days", sa.Integer(), nullable=False),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.Column("retention_days", sa.Integer(), nullable=False),
        sa.Column("cancel_days", sa.Integer(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("upgrades_to", DOCUMENT, nullable=False),
        sa.Column("retired_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["sku_id"], ["skus.id"], name=op.f("fk_offers_sku_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
        sa.UniqueConstraint("slug", name=op.f("uq_offers_slug")),
    )
    op.create_table(
        "pools",
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("sku_id", sa.String(length=36), nullable=False),
        sa.Column("enabled", sa.Integer(), nullable=False),
        sa.Column("warning", sa.Integer(), nullable=False),
        sa.Column("suspended", sa.Integer(), nullable=False),
        sa.Column("consumed", sa.Integer(), nullable=False),
        sa.Column("excess_since", MOMENT, nullable=True),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.CheckConstraint("consumed >= 0", name=op.f("ck_pools_consumed")),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.id"], name=op.f("fk_pools_org_id")),
        sa.ForeignKeyConstraint(["sku_id"], ["skus.id"], name=op.f("fk_pools_sku_id")),
        sa.PrimaryKeyConstraint("org_id", "sku_id", name=op.f("pk_pools")),
    )
    op.create_table(
        "seat_problems",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("sku_id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("code", sa.String(length=48), nullable=False),
        sa.Column("detail", sa.String(length=256), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("place", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "user_id"],
            ["users.org_id", "users.id"],
            name=op.f("fk_seat_problems_org_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["sku_id"], ["skus.id"], name=op.f("fk_seat_problems_sku_id")),
        sa.PrimaryKeyConstraint("user_id", "sku_id", name=op.f("pk_seat_problems")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_seat_problems_waiting", "seat_problems", ["org_id", "sku_id", "code", "since", "place"]
    )
    op.create_table(
        "seat_turns",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("sku_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("after", sa.String(length=36), nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("leased_until", MOMENT, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organizations.id"], name=op.f("fk_seat_turns_org_id")
        ),
        sa.ForeignKeyConstraint(["sku_id"], ["skus.id"], name=op.f("fk_seat_turns_sku_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_turns")),
    )
    op.create_table(
        "service_plans",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("sku_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=256), nullable=False),
        sa.Column("conflicts", DOCUMENT, nullable=False),
        sa.Column("requires", DOCUMENT, nullable=False),
        sa.Column("countries", DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(["sku_id"], ["skus.id"], name=op.f("fk_service_plans_sku_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_plans")),
        sa.UniqueConstraint("sku_id", "name", name=op.f("uq_service_plans_sku_id_name")),
    )
    op.create_table(
        "usage_samples",
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("sku_id", sa.String(length=36), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("recorded", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organizations.id"], name=op.f("fk_usage_samples_org_id")
        ),
        sa.ForeignKeyConstraint(["sku_id"], ["skus.id"], name=op.f("fk_usage_samples_sku_id")),
        sa.PrimaryKeyConstraint("org_id", "sku_id", "day", name=op.f("pk_usage_samples")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("sku_id", sa.String(length=36), nullable=False),
        sa.Column("offer_id", sa.String(length=36), nullable=False),
        sa.Column("agreement_id", sa.String(length=36), nullable=True),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("starts", MOMENT, nullable=False),
        sa.Column("ends", MOMENT, nullable=False),
        sa.Column("auto_renew", sa.Boolean(), nullable=False),
        sa.Column("extended_at", MOMENT, nullable=True),
        sa.Column("cancelled_at", MOMENT, nullable=True),
        sa.Column("deleted_at", MOMENT, nullable=True),
        sa.Column("converted_from", sa.String(length=36), nullable=True),
        sa.Column("purchase_order", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("last_modified", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_subscriptions_quantity")),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["offers.id"], name=op.f("fk_subscriptions_offer_id")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "agreement_id"],
            ["agreements.org_id", "agreements.id"],
            name=op.f("fk_subscriptions_org_id_agreement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organizations.id"], name=op.f("fk_subscriptions_org_id")
        ),
        sa.ForeignKeyConstraint(["sku_id"], ["skus.id"], name=op.f("fk_subscriptions_sku_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("org_id", "id", name=op.f("uq_subscriptions_org_id_id")),
    )
    op.create_index("ix_subscriptions_next", "subscriptions", ["next_at"])
    op.create_index("ix_subscriptions_sku", "subscriptions", ["org_id", "sku_id"])
    op.execute("INSERT INTO catalogue_versions (id, version) VALUES (1, '')")


def downgrade() -> None:
    op.drop_index("ix_subscriptions_sku", table_name="subscriptions")
    op.drop_index("ix_subscriptions_next", table_name="subscriptions")
    op.drop_table("subscriptions")
    op.drop_table("usage_samples")
    op.drop_table("service_plans")
    op.drop_table("seat_turns")
    op.drop_index("ix_seat_problems_waiting", table_name="seat_problems")
    op.drop_table("seat_problems")
    op.drop_table("pools")
    op.drop_table("offers")
    op.drop_index("ix_license_requests_user", table_name="license_requests")
    op.drop_index("ix_license_requests_open", table_name="license_requests")
    op.drop_table("license_requests")
    op.drop_index("ix_invoice_lines_subscription", table_name="invoice_lines")
    op.drop_table("invoice_lines")
    op.drop_index("ix_holdings_sku", table_name="holdings")
    op.drop_table("holdings")
    op.drop_index("ix_grants_principal", table_name="grants")
    op.drop_index("ix_grants_group", table_name="grants")
    op.drop_table("grants")
    op.drop_table("skus")
    op.drop_table("invoice_heads")
    op.drop_index("ix_invoices_issued", table_name="invoices")
    op.drop_index("ix_invoices_credits", table_name="invoices")
    op.drop_table("invoices")
    op.drop_table("agreements")
    op.drop_table("services")
    op.drop_table("catalogue_versions")

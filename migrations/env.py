"""Alembic's entry: runs the migrations in the app's own database, one process at a time.

On PostgreSQL an advisory lock makes a second process wait, and find nothing left to do.
SQLite's batch mode rebuilds tables where ALTER cannot.
"""

from alembic import context
from flask import current_app
from sqlalchemy import text

LOCK = 0x6368616D62  # "chamb"


def run() -> None:
    migrate = current_app.extensions["migrate"]
    with migrate.db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=migrate.db.metadata,
            render_as_batch=True,
            compare_type=True,
        )
        with context.begin_transaction():
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            context.run_migrations()
        connection.commit()


run()

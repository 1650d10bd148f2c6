"""A second server process on the same database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from idp.app import create_app
from idp.extensions import db
from tests.conftest import settings_for


@pytest.fixture
def other_app(app: Flask, database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """Another instance of the product, which shares nothing with `app` but the database."""
    other = create_app(settings_for(database_url, tmp_path / "other"))
    yield other
    with other.app_context():
        db.engine.dispose()

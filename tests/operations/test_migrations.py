"""Migrations: up, down, up again, and what they make is what the models say."""

import subprocess
import sys
from pathlib import Path

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import insert, inspect, select

from idp import health
from idp.app import create_app
from idp.changes import apply
from idp.changes.intents import ChangeUser
from idp.changes.projection import search_words
from idp.directory import queries
from idp.directory.attributes import flatten
from idp.directory.users import UserWord
from idp.extensions import db, writing
from tests import cast
from tests.conftest import MASTER_KEY, SECRET_KEY, settings_for
from tests.counterparts import fresh_database, postgres


def differences() -> list[object]:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, db.metadata))


def tables() -> set[str]:
    return set(inspect(db.engine).get_table_names()) - {"alembic_version"}


def test_what_they_make_is_what_the_models_say(app: Flask) -> None:
    assert differences() == []
    assert tables() == {table.name for table in db.metadata.sorted_tables}


def test_they_go_down_and_up_again(app: Flask) -> None:
    cast.assemble()
    db.session.remove()
    flask_migrate.downgrade(revision="base")
    assert tables() == set()
    assert health.schema_versions()[0] is None
    flask_migrate.upgrade()
    assert differences() == []
    assert len(set(health.schema_versions())) == 1
    people = cast.assemble()
    assert apply(ChangeUser(people.bob.id, {"title": "Cook"}), by=people.operator).changed


def test_words_that_begin_another_go_and_everybody_is_still_found(app: Flask) -> None:
    people = cast.assemble()
    db.session.remove()
    flask_migrate.downgrade(revision="0001")
    with writing() as session:
        row = {"org_id": people.org, "user_id": people.bob.id, "word": "bo"}
        session.execute(insert(UserWord), row)
    db.session.remove()
    flask_migrate.upgrade()
    words = set(db.session.scalars(select(UserWord.word).where(UserWord.user_id == people.bob.id)))
    assert words == search_words(flatten(queries.find_user(people.alice, people.bob.id).record))
    assert [found.id for found in queries.page_people(people.alice, text="bo").items]


def test_upgrading_twice_changes_nothing(app: Flask) -> None:
    people = cast.assemble()
    db.session.remove()
    flask_migrate.upgrade()
    assert apply(ChangeUser(people.bob.id, {"title": "Cook"}), by=people.operator).changed


def test_indexes_and_constraints_are_those_of_the_models(app: Flask) -> None:
    there = inspect(db.engine)
    for table in db.metadata.sorted_tables:
        made = {index["name"] for index in there.get_indexes(table.name)}
        made |= {unique["name"] for unique in there.get_unique_constraints(table.name)}
        assert {index.name for index in table.indexes} <= made, table.name
        keys = {key["name"] for key in there.get_foreign_keys(table.name)}
        assert {key.name for key in table.foreign_key_constraints} == keys, table.name


@pytest.mark.parametrize("count", [3])
def test_processes_that_upgrade_at_once_wait_for_each_other(tmp_path: Path, count: int) -> None:
    with fresh_database(postgres()) as url:
        program = (
            "import sys, flask_migrate; from idp.app import create_app\n"
            "with create_app().app_context(): flask_migrate.upgrade()"
        )
        environment = {
            "PATH": "/usr/bin:/bin",
            "CHAMBERLAIN_DATABASE_URL": url,
            "CHAMBERLAIN_DATA_DIR": str(tmp_path),
            "CHAMBERLAIN_MASTER_KEY": MASTER_KEY,
            "CHAMBERLAIN_SECRET_KEY": SECRET_KEY,
        }
        here = Path(__file__).parents[2]
        command = [sys.executable, "-c", program]
        at_once = [subprocess.Popen(command, cwd=here, env=environment) for _ in range(count)]
        assert [process.wait(60) for process in at_once] == [0] * count
        app = create_app(settings_for(url, tmp_path))
        with app.app_context():
            assert differences() == []
            db.engine.dispose()

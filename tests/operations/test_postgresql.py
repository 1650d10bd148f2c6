"""What is particular to PostgreSQL: rows by COPY, dead connections, reads that go on to write."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from idp.changes import apply
from idp.changes.faults import translated
from idp.changes.intents import CreateUser
from idp.directory import queries
from idp.directory.errors import Conflict, Invalid
from idp.directory.users import User, UserWord
from idp.extensions import db, writing
from idp.postgresql import AT_ONCE, FEW
from tests import cast
from tests.cast import Cast
from tests.conftest import serve

ODD = ("tab\there", "back\\slash", "\\N", "\\.", "quote'\"", "Größe 🐎", "new\nline", "")

MORE = ((), [f"more{n}" for n in range(FEW)])  # few rows in one INSERT, and many by COPY


@pytest.fixture
def server(postgresql_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The product on PostgreSQL alone."""
    yield from serve(postgresql_url, tmp_path)


@pytest.fixture
def crew(server: Flask) -> Cast:
    """The cast, on PostgreSQL."""
    return cast.assemble()


def store(org: str, *words: str) -> None:
    rows = [{"org_id": org, "word": word, "user_id": "somebody"} for word in words]
    with translated(), writing() as session:
        session.connection().execute(insert(UserWord), rows, execution_options=AT_ONCE)


def words_of_somebody() -> list[str]:
    return list(db.session.scalars(select(UserWord.word).where(UserWord.user_id == "somebody")))


@pytest.mark.parametrize("more", MORE)
def test_every_sign_arrives_as_it_was_sent(crew: Cast, more: Sequence[str]) -> None:
    store(crew.org, *ODD, *more)
    assert sorted(words_of_somebody()) == sorted([*ODD, *more])


@pytest.mark.parametrize("more", MORE)
def test_a_constraint_speaks_as_it_does_for_single_rows(crew: Cast, more: Sequence[str]) -> None:
    with pytest.raises(Conflict) as refused:
        store(crew.org, "twice", "once", "twice", *more)
    assert refused.value.code == "changed_meanwhile"
    assert words_of_somebody() == []


@pytest.mark.parametrize("more", MORE)
@pytest.mark.parametrize("word", ["x" * 65, "nul\x00", "\ud800"])
def test_what_cannot_be_stored_is_refused_and_nothing_kept(
    crew: Cast, word: str, more: Sequence[str]
) -> None:
    with pytest.raises(Invalid) as refused:
        store(crew.org, "fine", word, *more)
    assert refused.value.code == "value_not_storable"
    assert words_of_somebody() == []
    assert apply(CreateUser({"userName": "next"}), by=crew.operator).changed


def test_a_table_that_grows_at_once_is_counted_at_once(crew: Cast) -> None:
    apply(*(CreateUser({"userName": f"u{n}"}) for n in range(500)), by=crew.hr)
    known = "SELECT reltuples FROM pg_class WHERE relname IN ('users', 'user_words')"
    assert min(db.session.connection().exec_driver_sql(known).scalars()) >= 500


def test_many_people_have_all_that_one_has(crew: Cast) -> None:
    fields = {"displayName": ODD[0].replace("\t", "\\t"), "emails": [{"value": "a@b.c"}]}
    made = apply(*(CreateUser({"userName": f"u{n}"} | fields) for n in range(3)), by=crew.hr)
    one = queries.find_user(
        crew.alice, apply(CreateUser({"userName": "u9"} | fields), by=crew.hr).first.id
    )
    for result in made.results:
        many = queries.find_user(crew.alice, result.id)
        assert many.record | {"userName": ""} == one.record | {"userName": ""}
        assert (many.owners, many.version, many.active) == (one.owners, one.version, one.active)


def test_a_connection_that_the_server_ended_is_replaced_unnoticed(
    crew: Cast, postgresql_url: str
) -> None:
    db.session.remove()
    mine = db.session.scalar(select(func.pg_backend_pid()))
    db.session.remove()
    with psycopg.connect(postgresql_url.replace("+psycopg", "", 1), autocommit=True) as other:
        assert other.execute("SELECT pg_terminate_backend(%s, 5000)", [mine]).fetchone() == (True,)
    assert apply(CreateUser({"userName": "after"}), by=crew.operator).changed
    db.session.remove()
    assert db.session.scalar(select(func.pg_backend_pid())) != mine


def test_a_read_goes_on_to_write_and_sees_what_came_between(
    crew: Cast, postgresql_url: str
) -> None:
    db.session.remove()
    bob = db.session.get_one(User, crew.bob.id)
    reading = db.session.scalar(select(func.pg_current_xact_id_if_assigned()))
    with psycopg.connect(postgresql_url.replace("+psycopg", "", 1)) as other:
        other.execute("UPDATE users SET title = 'Baker' WHERE id = %s", [crew.bob.id])
    with writing() as session:
        assert reading is None
        assert bob.title == "Baker"
        assert session.in_transaction()


def test_after_a_failed_read_a_write_begins_anew(crew: Cast) -> None:
    with pytest.raises(Exception, match="division by zero"):
        db.session.connection().exec_driver_sql("SELECT 1/0")
    assert apply(CreateUser({"userName": "after"}), by=crew.operator).changed

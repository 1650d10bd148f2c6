"""What the databases say they would do: frequent filters and cursor pages follow an index.

Read from the plans, since at the size of a test every way is quick.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from idp.changes import apply
from idp.changes.intents import CreateGroup, CreateUser
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.filtering import And, Compare, Filter, ValuePath
from idp.directory.views import ListQuery, Position
from idp.extensions import db
from tests.cast import Cast

SIZE = 1_500
Plan = Callable[[Callable[[], Any]], list[str]]


@pytest.fixture
def crowd(app: Flask, people: Cast) -> list[str]:
    """Enough people and groups that a plan means something; their ids."""
    wanted = [
        CreateUser(
            {
                "userName": f"user{n:05}",
                "displayName": f"Name {n:05}",
                "emails": [{"value": f"mail{n:05}@northwind.example", "type": "work"}],
            },
            external_id=f"X-{n:05}",
        )
        for n in range(SIZE)
    ]
    ids = [made.id for made in apply(*wanted, by=people.hr).results]
    groups = [CreateGroup({"displayName": f"Team {n:03}"}, (ids[n],)) for n in range(300)]
    ids += [made.id for made in apply(*groups, by=people.hr).results]
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("ANALYZE"))
        db.session.commit()
    return ids


@pytest.fixture
def plan(app: Flask) -> Plan:
    """What the database would do for the SELECTs that a read sends."""

    def explain(read: Callable[[], Any]) -> list[str]:
        sent: list[tuple[str, Any]] = []

        def note(_connection: Any, _cursor: Any, statement: str, given: Any, *_rest: Any) -> None:
            sent.append((statement, given))

        event.listen(db.engine, "before_cursor_execute", note)
        read()
        event.remove(db.engine, "before_cursor_execute", note)
        postgresql = db.engine.dialect.name == "postgresql"
        connection = db.session.connection()
        if postgresql:  # a few hundred rows are read whole, whatever indexes there are
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        word = "EXPLAIN" if postgresql else "EXPLAIN QUERY PLAN"
        return [
            str(row[0] if postgresql else row[3])
            for statement, given in sent
            for row in connection.exec_driver_sql(f"{word} {statement}", given)
        ]

    return explain


# Either will do where there is one organization.
NAMES = r"uq_users_user_name|ix_users_sign_in"
IDS = r"org_id_id|pk_users|sqlite_autoindex_users|ix_users_present"
# What each filter must be answered from.
USERS: dict[str, tuple[Filter, str]] = {
    "userName eq": (Compare("userName", "eq", "user00700"), NAMES),
    "userName sw": (Compare("userName", "sw", "user0070"), NAMES),
    "externalId eq": (Compare("externalId", "eq", "X-00700"), "uq_links_foreign_id"),
    "externalId sw": (Compare("externalId", "sw", "X-0070"), "uq_links_foreign_id"),
    "emails eq": (
        Compare("emails.value", "eq", "mail00700@northwind.example"),
        "ix_user_values_value",
    ),
    "emails sw": (Compare("emails.value", "sw", "mail0070"), "ix_user_values_value"),
    "emails path": (
        ValuePath(
            "emails",
            And(
                (
                    Compare("type", "eq", "work"),
                    Compare("value", "eq", "mail00700@northwind.example"),
                )
            ),
        ),
        "ix_user_values_value",
    ),
    "displayName eq": (Compare("displayName", "eq", "Name 00700"), "ix_users_display_name"),
    "displayName sw": (Compare("displayName", "sw", "Name 0070"), "ix_users_display_name"),
    "meta.lastModified": (
        Compare("meta.lastModified", "gt", "2100-01-01T00:00:00Z"),
        "ix_users_last_modified",
    ),
}


def whole_walks(lines: list[str], table: str) -> list[str]:
    """Where a plan reads all rows of a table."""
    return [line for line in lines if f"Seq Scan on {table}" in line or f"SCAN {table}" in line]


@pytest.mark.parametrize("case", USERS)
def test_frequent_filter_over_people_follows_its_index(
    people: Cast, crowd: list[str], plan: Plan, case: str
) -> None:
    wanted, index = USERS[case]

    told = plan(lambda: queries.list_users(people.hr, ListQuery(wanted)))

    assert any(re.search(index, line) for line in told), told
    assert whole_walks(told, "users") == []


def test_filter_by_id_and_by_group_follow_an_index(
    people: Cast, crowd: list[str], plan: Plan
) -> None:
    told = plan(lambda: queries.find_user(people.hr, crowd[7]))
    told += plan(lambda: queries.list_users(people.hr, ListQuery(Compare("id", "eq", crowd[7]))))
    belong = Compare("groups.value", "eq", crowd[-1])
    told += plan(lambda: queries.list_users(people.hr, ListQuery(belong)))

    assert whole_walks(told, "users") == whole_walks(told, "effective_memberships") == [], told


GROUPS: dict[str, Filter] = {
    "displayName eq": Compare("displayName", "eq", "Team 070"),
    "displayName sw": Compare("displayName", "sw", "Team 07"),
    "externalId eq": Compare("externalId", "eq", "X"),
    "members eq": Compare("members.value", "eq", "01999999-0000-7000-8000-000000000000"),
    "members path": ValuePath("members", Compare("value", "eq", "somebody")),
}


@pytest.mark.parametrize("case", GROUPS)
def test_frequent_filter_over_groups_follows_an_index(
    people: Cast, crowd: list[str], plan: Plan, case: str
) -> None:
    told = plan(lambda: queries.list_groups(people.hr, ListQuery(GROUPS[case])))

    assert whole_walks(told, "groups") == whole_walks(told, "memberships") == [], told


ORDERS = {
    None: IDS,
    "userName": NAMES,
    "displayName": "ix_users_display_name",
    "meta.lastModified": "ix_users_last_modified",
}


@pytest.mark.parametrize("sort_by", ORDERS)
@pytest.mark.parametrize("descending", [False, True])
def test_page_of_a_walk_is_read_along_an_index(
    people: Cast, crowd: list[str], plan: Plan, sort_by: str | None, descending: bool
) -> None:
    query = ListQuery(sort_by=sort_by, descending=descending, count=20)
    start = _middle(people.hr, query)

    told = plan(lambda: queries.walk_users(people.hr, query, start))

    assert whole_walks(told, "users") == [], told
    assert any(re.search(ORDERS[sort_by], line) for line in told), told
    assert not any("TEMP B-TREE FOR ORDER BY" in line for line in told), told


def _middle(actor: Actor, query: ListQuery) -> Position | None:
    return queries.walk_users(actor, replace(query, count=SIZE // 2)).last

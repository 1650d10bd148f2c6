"""Many claims at the same moment: never more seats than units, and none lost."""

import pytest
from flask import Flask

from idp.changes import apply
from idp.changes.intents import AddMember, AssignLicense, BlockUser, CreateGroup, CreateUser
from idp.clock import new_id
from idp.directory.errors import DirectoryError
from tests.cast import Cast
from tests.changes.steps import together
from tests.licensing.shop import buy, holders, problems, sku, taken

CROWD, UNITS = 12, 5


@pytest.fixture
def crowd(shop_open: Cast) -> list[str]:
    """People who all want one of a few units."""
    ids = [new_id() for _ in range(CROWD)]
    apply(*(CreateUser({"userName": f"c-{one}"}, id=one) for one in ids), by=shop_open.operator)
    buy(shop_open.operator, "office-basic", UNITS)
    return ids


def test_the_last_unit_goes_to_one(app: Flask, shop_open: Cast, crowd: list[str]) -> None:
    product = sku("OFFICE_BASIC")
    acts = [
        lambda one=one: apply(AssignLicense(product, one), by=shop_open.operator) for one in crowd
    ]
    came = together(app, *acts)
    refused = [one for one in came if isinstance(one, DirectoryError)]
    assert {one.code for one in refused} == {"count_violation"}
    assert len(refused) == CROWD - UNITS
    assert len(holders("OFFICE_BASIC")) == UNITS
    assert taken(shop_open.org, "OFFICE_BASIC") == (UNITS, UNITS)


def test_joiners_at_once_are_seated_or_wait(app: Flask, shop_open: Cast, crowd: list[str]) -> None:
    by, product = shop_open.operator, sku("OFFICE_BASIC")
    team = apply(CreateGroup({"displayName": "Team"}), by=by).first.id
    apply(AssignLicense(product, group_id=team), by=by)
    came = together(app, *(lambda one=one: apply(AddMember(team, one), by=by) for one in crowd))
    assert not [one for one in came if isinstance(one, DirectoryError)]
    assert len(holders("OFFICE_BASIC")) == UNITS
    assert len(problems("OFFICE_BASIC")) == CROWD - UNITS


def test_leavers_and_waiters_at_once_leave_no_unit_unused(
    app: Flask, shop_open: Cast, crowd: list[str]
) -> None:
    by, product = shop_open.operator, sku("OFFICE_BASIC")
    team = apply(CreateGroup({"displayName": "Team"}, crowd), by=by).first.id
    apply(AssignLicense(product, group_id=team), by=by)
    seated = sorted(holders("OFFICE_BASIC"))[:4]
    came = together(app, *(lambda one=one: apply(BlockUser(one), by=by) for one in seated))
    assert not [one for one in came if isinstance(one, DirectoryError)]
    assert len(holders("OFFICE_BASIC")) == UNITS
    assert not holders("OFFICE_BASIC") & set(seated)
    assert taken(shop_open.org, "OFFICE_BASIC") == (UNITS, UNITS)

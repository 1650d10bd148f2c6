"""People ask for licences; who may assign them grants or declines, in one transaction."""

from dataclasses import replace

import pytest

from idp.changes import apply
from idp.changes.audit import AuditFilter
from idp.changes.audit import page as audit_page
from idp.changes.intents import (
    AssignLicense,
    BlockUser,
    DecideRequest,
    DeleteUser,
    RequestLicense,
)
from idp.directory.actors import Actor
from idp.directory.errors import DirectoryError
from idp.licensing.queries import count_requests, find_request, my_requests, page_requests
from tests.cast import Cast
from tests.licensing.shop import buy, holders, sku


@pytest.fixture
def wish(shop_open: Cast) -> str:
    """Bob asks for Office Basic, of which there is one."""
    buy(shop_open.operator, "office-basic", 1)
    return ask(shop_open.bob, "For my reports")


def ask(by: Actor, reason: str = "", part_number: str = "OFFICE_BASIC") -> str:
    return apply(RequestLicense(by.id, sku(part_number), reason), by=by).first.id


def refused(change: object, by: Actor) -> str:
    with pytest.raises(DirectoryError) as error:
        apply(change, by=by)  # type: ignore[arg-type]
    return error.value.code


def test_a_request_is_granted_and_the_seat_is_given_at_once(shop_open: Cast, wish: str) -> None:
    [open_one] = page_requests(shop_open.carol).items
    assert (open_one.user and open_one.user.id, open_one.reason) == (
        shop_open.bob.id,
        "For my reports",
    )
    apply(DecideRequest(wish, grant=True, answer="Enjoy"), by=shop_open.carol)
    assert holders("OFFICE_BASIC") == {shop_open.bob.id}
    [mine] = my_requests(shop_open.bob)
    assert (mine.decision, mine.answer) == ("granted", "Enjoy")
    assert count_requests(shop_open.carol) == 0
    assert page_requests(shop_open.carol, decided=True).items[0].decided_by == "Carol Ng"


def test_a_declined_request_says_why_and_may_be_asked_anew(shop_open: Cast, wish: str) -> None:
    apply(DecideRequest(wish, grant=False, answer="Not now"), by=shop_open.alice)
    assert holders("OFFICE_BASIC") == set()
    assert my_requests(shop_open.bob)[0].answer == "Not now"
    assert ask(shop_open.bob) != wish


def test_a_grant_without_a_unit_is_refused_and_the_request_stays_open(
    shop_open: Cast, wish: str
) -> None:
    apply(AssignLicense(sku("OFFICE_BASIC"), shop_open.alice.id), by=shop_open.operator)
    assert refused(DecideRequest(wish, grant=True), shop_open.alice) == "count_violation"
    assert find_request(shop_open.alice, wish).decision == ""


def test_what_cannot_be_asked_for_is_refused(shop_open: Cast, wish: str) -> None:
    bob, basic = shop_open.bob, sku("OFFICE_BASIC")
    assert refused(RequestLicense(bob.id, basic), bob) == "request_open"
    assert refused(RequestLicense(bob.id, sku("OFFICE_PRO")), bob) == "sku_not_subscribed"
    assert refused(RequestLicense(bob.id, sku("STORAGE")), bob) == "sku_not_assignable"
    assert refused(RequestLicense(shop_open.erin, basic), bob) == "not_oneself"
    carol = shop_open.carol
    assert refused(RequestLicense(carol.id, basic, "x" * 1025), carol) == "text_too_long"
    assert refused(RequestLicense(carol.id, basic, "\x00"), carol) == "text_invalid"
    apply(DecideRequest(wish, grant=True), by=shop_open.alice)
    assert refused(RequestLicense(bob.id, basic), bob) == "license_held"
    assert refused(DecideRequest(wish, grant=False), shop_open.alice) == "request_decided"


def test_only_who_assigns_licences_decides(shop_open: Cast, wish: str) -> None:
    for actor in (shop_open.bob, shop_open.heidi, shop_open.hr):
        assert refused(DecideRequest(wish, grant=True), actor) == "permission_missing"
    elsewhere = {"licenses.read": ("nowhere",), "licenses.write": ("nowhere",)}
    scoped = replace(shop_open.carol, scopes=elsewhere)
    assert refused(DecideRequest(wish, grant=True), scoped) == "outside_scope"
    assert page_requests(scoped).items == []


def test_who_left_asks_for_nothing_any_more(shop_open: Cast, wish: str) -> None:
    apply(BlockUser(shop_open.bob.id), by=shop_open.operator)
    assert refused(DecideRequest(wish, grant=True), shop_open.alice) == "holder_not_active"
    apply(DeleteUser(shop_open.bob.id), by=shop_open.operator)
    assert count_requests(shop_open.alice) == 0
    assert refused(DecideRequest(wish, grant=True), shop_open.alice) == "user_not_found"


def test_a_request_and_its_answer_are_in_the_audit(shop_open: Cast, wish: str) -> None:
    apply(DecideRequest(wish, grant=True, answer="Enjoy"), by=shop_open.carol)
    entries, _ = audit_page(shop_open.alice, AuditFilter(about=sku("OFFICE_BASIC")))
    assert {"license.requested", "license.request_granted"} <= {one.action for one in entries}

"""Administrators are told who waits for a licence, and who cannot be given theirs."""

from idp.changes import alarms, apply
from idp.changes.board import now_open
from idp.changes.intents import AddMember, AssignLicense, RemoveLicense
from tests.cast import Cast
from tests.changes.steps import group
from tests.licensing.shop import buy, sku


def kinds(people: Cast) -> list[tuple[str, int]]:
    """The notices about licences that Alice sees, with how many people each concerns."""
    alarms.warn()
    shown = [(one.kind.verb, one.args.get("count")) for one in now_open(people.alice)]
    return sorted((verb, int(count)) for verb, count in shown if str(verb).startswith("See "))


def test_a_shortage_is_told_until_there_are_licences(shop_open: Cast) -> None:
    by, bob = shop_open.operator, shop_open.bob.id
    kitchen = group(by, "Kitchen", bob, shop_open.erin)
    apply(AssignLicense(sku("OFFICE_BASIC"), group_id=kitchen), by=by)
    assert kinds(shop_open) == [("See who waits", 2)]
    buy(by, "office-basic", 2)
    assert kinds(shop_open) == []


def test_an_error_is_told_until_it_is_mended(shop_open: Cast) -> None:
    by, bob = shop_open.operator, shop_open.bob.id
    crew = group(by, "Crew")
    buy(by, "office-pro", 2)
    apply(AssignLicense(sku("OFFICE_PRO"), group_id=crew), by=by)
    apply(AddMember(crew, bob), by=by)
    assert kinds(shop_open) == [("See the reasons", 1)]
    apply(RemoveLicense(sku("OFFICE_PRO"), group_id=crew), by=by)
    assert kinds(shop_open) == []

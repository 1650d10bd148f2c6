"""Versions as ETags and the conditions on them."""

import pytest

from scim.preconditions import check, etag, expected, matches
from tests.scim.language import refusal


@pytest.mark.parametrize("header", ['W/"7"', '"7"', 'W/"6", W/"7"', "*", ' W/"7" '])
def test_tag_matches_weakly(header: str) -> None:
    assert matches(header, 7)


@pytest.mark.parametrize("header", ['W/"8"', '"77"', "7", "", "W/7"])
def test_other_tag_does_not_match(header: str) -> None:
    assert not matches(header, 7)


def test_one_tag_is_compared_by_the_write_path() -> None:
    assert expected(etag(7)) == 7
    assert expected('W/"6", W/"7"') is None
    assert expected("*") is None
    assert expected(None) is None


@pytest.mark.parametrize("header", ['W/"abc"', '"٣"', '"-1"', f'"{"9" * 40}"'])
def test_tag_that_was_never_ours_is_stale(header: str) -> None:
    assert refusal(expected, header) == (412, "")


def test_conditions_on_a_write() -> None:
    check('W/"6", W/"7"', None, 7)
    check(None, 'W/"6"', 7)

    assert refusal(check, "not a tag", None, 7) == (412, "")
    assert refusal(check, None, "*", 7) == (412, "")

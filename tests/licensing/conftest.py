"""The cast, with a catalogue to buy from."""

import pytest

from tests.cast import Cast
from tests.licensing import shop
from tests.scim.conftest import statements

__all__ = ["statements"]


@pytest.fixture
def shop_open(people: Cast) -> Cast:
    """The cast, once the catalogue is filled."""
    shop.stock()
    return people

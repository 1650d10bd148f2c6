"""The cast, with a catalogue to buy from."""

import pytest

from tests.cast import Cast
from tests.licensing import shop


@pytest.fixture
def shop_open(people: Cast) -> Cast:
    """The cast, once the catalogue is filled."""
    shop.stock()
    return people

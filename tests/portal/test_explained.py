"""Every stable error code is explained, and nothing is explained that no longer comes."""

import re

from idp.licensing import decision
from portal.explained import CODES
from tests.portal.codes import in_the_sources


def test_every_code_of_the_sources_is_explained() -> None:
    whole, patterns = in_the_sources()
    assert len(whole) > 150  # the search itself finds something
    assert whole - CODES.keys() == set()
    assert [one for one in patterns if not any(re.fullmatch(one, code) for code in CODES)] == []


def test_nothing_is_explained_that_no_longer_comes() -> None:
    whole, patterns = in_the_sources()
    unknown = CODES.keys() - whole - set(decision.CODES)
    assert [c for c in unknown if not any(re.fullmatch(one, c) for one in patterns)] == []

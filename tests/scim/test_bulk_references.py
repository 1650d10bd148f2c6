"""bulkId references found wherever an id may stand, and nowhere else (RFC 7644 §3.7.2)."""

from typing import Any

import pytest

from scim.bulk_references import References

IDS = {"ann": "id-of-ann", 'a"b': "id-of-quoted"}

FOUND: dict[str, tuple[Any, Any]] = {
    "member": ({"members": [{"value": "bulkId:ann"}]}, {"members": [{"value": "id-of-ann"}]}),
    "manager": ({"manager": {"value": "bulkId:ann"}}, {"manager": {"value": "id-of-ann"}}),
    "bare_manager": ({"manager": "bulkId:ann"}, {"manager": "id-of-ann"}),
    "list_of_texts": (["bulkId:ann", "x"], ["id-of-ann", "x"]),
    "address": ({"$ref": "../Users/bulkId:ann"}, {"$ref": "../Users/id-of-ann"}),
    "filter": (
        {"path": 'members[value eq "bulkId:ann"]'},
        {"path": 'members[value eq "id-of-ann"]'},
    ),
    "filter_of_two": (
        {"path": 'members[value eq "bulkId:ann" or value eq "bulkId:ann"]'},
        {"path": 'members[value eq "id-of-ann" or value eq "id-of-ann"]'},
    ),
    "escaped_filter": (
        {"path": r'members[value eq "bulkId:a\"b"]'},
        {"path": 'members[value eq "id-of-quoted"]'},
    ),
    "filter_as_key": (
        {'roles[value eq "bulkId:ann"].display': "x"},
        {'roles[value eq "id-of-ann"].display': "x"},
    ),
}


@pytest.mark.parametrize("case", FOUND)
def test_reference_becomes_the_id(case: str) -> None:
    given, wanted = FOUND[case]

    assert References(IDS).resolved(given) == wanted


@pytest.mark.parametrize(
    "given",
    [
        {"displayName": 'The "bulkId:ann" person'},
        {"displayName": "about bulkId:ann"},
        {"path": "bulkid"},
        {"value": "BULKID:ann"},
        {"value": 7, "active": True, "nothing": None},
    ],
)
def test_what_is_no_reference_stays_as_it_is(given: Any) -> None:
    references = References(IDS)

    assert references.resolved(given) == given
    assert references.named == {}


def test_named_bulk_ids_are_told_with_those_that_nobody_creates() -> None:
    references = References(IDS)

    references.resolved([{"value": "bulkId:ann"}, {"value": "bulkId:nobody"}])

    assert list(references.named) == ["ann", "nobody"]

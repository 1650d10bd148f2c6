"""Bytes become JSON within limits, or are refused at once."""

import time

import pytest

from scim.reading import MAX_BODY, MAX_DEPTH, parse_json
from tests.scim.language import refusal


def test_body_is_read() -> None:
    assert parse_json('{"userName": "Zoë", "n": [1, 2.5, null, true]}'.encode()) == {
        "userName": "Zoë",
        "n": [1, 2.5, None, True],
    }


def test_byte_order_mark_is_ignored() -> None:
    assert parse_json(b"\xef\xbb\xbf{}") == {}


def test_escaped_characters_are_read() -> None:
    assert parse_json(rb'{"a": "\u00e9\ud83d\ude00 \\u0000"}') == {"a": "é😀 \\u0000"}


SYNTAX = {
    "empty": b"",
    "no_json": b"userName=x",
    "truncated": b'{"a": ',
    "trailing": b"{} {}",
    "list": b"[]",
    "text": b'"x"',
    "null": b"null",
    "latin1": '{"a": "é"}'.encode("latin-1"),
    "utf16": '{"a": 1}'.encode("utf-16"),
    "nan": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "raw_control_character": b'{"a": "\x01"}',
    "huge_number": b'{"a": ' + b"9" * 5000 + b"}",
    "deep_lists": b'{"a": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "deep_objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "slightly_too_deep": b'{"a":' * (MAX_DEPTH + 2) + b"1" + b"}" * (MAX_DEPTH + 2),
    "open_bomb": b"[" * (MAX_BODY - 1),
}


@pytest.mark.parametrize("case", SYNTAX)
def test_body_that_is_no_json_object_is_refused_quickly(case: str) -> None:
    started = time.monotonic()

    assert refusal(parse_json, SYNTAX[case]) == (400, "invalidSyntax")
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("text", [r"\u0000", r"\ud800", r"a\udfffb"])
def test_text_that_nothing_can_store_is_refused(text: str) -> None:
    assert refusal(parse_json, f'{{"a": ["{text}"]}}'.encode()) == (400, "invalidValue")
    assert refusal(parse_json, f'{{"{text}": 1}}'.encode()) == (400, "invalidValue")


def test_body_that_is_too_large_is_refused() -> None:
    assert refusal(parse_json, b" " * (MAX_BODY + 1)) == (413, "")

"""The one parser and the one inflater take nothing that could bite."""

import zlib

import pytest

from idp.federation import safexml
from idp.federation.errors import MessageRefused

LAUGHS = b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'
EXTERNAL = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
HIDDEN_UTF16 = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a><a/>'.encode("utf-16")
HIDDEN_UTF7 = b'<?xml version="1.0" encoding="UTF-7"?>+ADw-!DOCTYPE a+AD4-<a/>'


def code_of(data: bytes, **options: int) -> str:
    with pytest.raises(MessageRefused) as refused:
        safexml.parse(data, **options)
    return refused.value.code


@pytest.mark.parametrize("document", [b"<!DOCTYPE a><a/>", LAUGHS, EXTERNAL], ids=str)
def test_doctype_is_refused(document):
    assert code_of(document) == "xml_doctype"


@pytest.mark.parametrize("document", [HIDDEN_UTF16, HIDDEN_UTF7], ids=["utf16", "utf7"])
def test_encoding_that_could_hide_a_doctype_is_refused(document):
    assert code_of(document) == "xml_encoding"


@pytest.mark.parametrize(
    "document", [b"", b"<a>", b"<a><b></a></b>", b"<a b='1' b='2'/>", b"hello"]
)
def test_broken_xml_is_refused(document):
    assert code_of(document) == "xml_broken"


def test_undeclared_entity_is_refused():
    assert code_of(b"<a>&x;</a>") == "xml_broken"


def test_oversized_xml_is_refused():
    assert code_of(b"<a>" + b"x" * 100 + b"</a>", limit=100) == "message_too_large"


def test_deep_xml_is_refused():
    assert code_of(b"<a>" * 5000 + b"</a>" * 5000) == "xml_broken"


def test_crowd_of_elements_is_refused():
    assert code_of(b"<a>" + b"<b/>" * 60_000 + b"</a>") == "message_too_large"


def test_text_around_a_comment_is_read_whole():
    root = safexml.parse(b"<a>admin@contoso.example<!-- -->.evil.example<?p?>!</a>")

    assert root.text == "admin@contoso.example.evil.example!"


def test_declared_utf8_with_byte_order_mark_is_read():
    root = safexml.parse(b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?><a>\xc3\xab</a>')

    assert root.text == "ë"


def test_inflate_stops_at_its_limit():
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = machine.compress(b"\0" * 50_000_000) + machine.flush()

    with pytest.raises(MessageRefused) as refused:
        safexml.inflate(bomb)

    assert refused.value.code == "message_too_large"


@pytest.mark.parametrize(
    "spoil",
    [lambda d: d[:-2], lambda d: d + b"tail", lambda _: b"\xff\xff", lambda _: b""],
    ids=["cut", "tail", "noise", "nothing"],
)
def test_damaged_compression_is_refused(spoil):
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = machine.compress(b"<a/>") + machine.flush()

    with pytest.raises(MessageRefused) as refused:
        safexml.inflate(spoil(packed))

    assert refused.value.code == "deflate_broken"

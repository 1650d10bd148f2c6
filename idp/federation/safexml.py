"""The one way in for foreign XML and foreign compression.

One parser means that nothing can be verified by one reading and used by another. DOCTYPE is
refused outright: it is the root of entity expansion, of external fetches and of most parser
differences, and SAML has no use for it (SAML core §1.3.2 and interoperability profile IIP-G03).
"""

import re
import zlib

from lxml import etree

from .errors import MessageRefused

MAX_MESSAGE = 256 * 1024
MAX_METADATA = 1024 * 1024
MAX_NODES = 50_000

_DECLARATION = re.compile(rb"\A\s*<\?xml[^>]*?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]*)[\"']")
_UTF8_SUBSETS = {b"utf-8", b"us-ascii", b"ascii"}


def parse(data: bytes, limit: int = MAX_MESSAGE) -> etree._Element:
    """The root of `data` (UTF-8, at most `limit` bytes) with comments and instructions left out.

    Text around a left-out comment is joined again, so `a<!---->b` reads `ab` everywhere
    (the truncation of CVE-2017-11427 cannot happen). Raises MessageRefused.
    """
    _check_bytes(data, limit)
    try:
        root = etree.fromstring(data, _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise MessageRefused(
            "xml_broken", "This is not well-formed XML.", cause=str(error)
        ) from error
    if (
        root.getroottree().docinfo.internalDTD is not None
    ):  # pragma: no cover - second line of defence
        raise _doctype()
    return root


def again(data: bytes) -> etree._Element:
    """The root of bytes that this process itself has just written."""
    return etree.fromstring(data, _parser())


def inflate(data: bytes, limit: int = MAX_MESSAGE) -> bytes:
    """Raw DEFLATE (SAML bindings §3.4.4.1), at most `limit` bytes out. Raises MessageRefused."""
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        message = machine.decompress(data, limit + 1)
    except zlib.error as error:
        raise MessageRefused(
            "deflate_broken", "The message is not compressed as SAML asks.", cause=str(error)
        ) from error
    if len(message) > limit:
        raise MessageRefused("message_too_large", "The message is larger than accepted here.")
    if not machine.eof or machine.unused_data:
        raise MessageRefused("deflate_broken", "The compressed message is cut off or has a tail.")
    return message


def _parser() -> etree.XMLParser:
    # A new parser costs microseconds; a shared one would make threads wait for each other.
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _check_bytes(data: bytes, limit: int) -> None:
    if len(data) > limit:
        raise MessageRefused("message_too_large", "The message is larger than accepted here.")
    declared = _DECLARATION.match(data.removeprefix(b"\xef\xbb\xbf"))
    # Another encoding could hide "<!DOCTYPE" from the search below (UTF-16, UTF-7).
    if b"\0" in data or (declared and declared[1].lower() not in _UTF8_SUBSETS):
        raise MessageRefused("xml_encoding", "Only UTF-8 is accepted as the encoding of XML.")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise _doctype()
    if data.count(b"<") > MAX_NODES:
        raise MessageRefused("message_too_large", "The message has more parts than accepted here.")


def _doctype() -> MessageRefused:
    return MessageRefused("xml_doctype", "XML with a DOCTYPE is not accepted.")

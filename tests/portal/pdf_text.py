"""The text of a PDF that ReportLab made, as a reader who selects it would copy it."""

import base64
import re
import zlib

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)endobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_TEXT = re.compile(rb"/(\S+) [\d.]+ Tf|\(((?:\\.|[^\\)])*)\) Tj", re.DOTALL)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def text_of(document: bytes) -> str:
    """All text that is drawn, in one line."""
    objects = {int(number): body for number, body in _OBJECT.findall(document)}
    fonts = {name: _letters(objects, int(one)) for name, one in _fonts(objects)}
    lines: list[str] = []
    for body in objects.values():
        if b"/FlateDecode" in body and b" Tj" in (content := _stream(body)):
            lines += _drawn(content, fonts)
    return "".join(lines)


def _fonts(objects: dict[int, bytes]) -> list[tuple[bytes, bytes]]:
    return [
        pair for body in objects.values() for pair in re.findall(rb"/(F\d[^ ]*) (\d+) 0 R", body)
    ]


def _stream(body: bytes) -> bytes:
    found = _STREAM.search(body)
    if found is None:
        return b""
    data = found.group(1)
    if b"/ASCII85Decode" in body:
        data = base64.a85decode(data.strip().removesuffix(b"~>"))
    return zlib.decompress(data)


def _letters(objects: dict[int, bytes], font: int) -> dict[int, str]:
    """Which code stands for which letters, by the font's ToUnicode table."""
    named = re.search(rb"/ToUnicode (\d+) 0 R", objects[font])
    if named is None:
        return {}
    table = _stream(objects[int(named.group(1))])
    pairs = re.findall(rb"^<(\w+)> <(\w{4})>$", table, re.MULTILINE)
    return {
        int(code, 16): bytes.fromhex(letters.decode()).decode("utf-16-be")
        for code, letters in pairs
    }


def _drawn(content: bytes, fonts: dict[bytes, dict[int, str]]) -> list[str]:
    letters: dict[int, str] = {}
    lines = []
    for font, shown in _TEXT.findall(content):
        if font:
            letters = fonts[font]
        else:
            codes = _ESCAPE.sub(_unescaped, shown)
            lines.append("".join(letters.get(code, chr(code)) for code in codes))
    return lines


def _unescaped(found: "re.Match[bytes]") -> bytes:
    sign = found.group(1)
    if sign.isdigit():
        return bytes([int(sign, 8)])
    return _PLAIN.get(sign, sign)

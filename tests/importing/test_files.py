"""Files as spreadsheets of many countries write them."""

import pytest

from idp.directory.attributes import CORE, ENTERPRISE_SCHEMA
from idp.directory.errors import Invalid
from idp.importing import columns, files

TEXT = "userName;Nachname\r\nÄnne;Müller\r\n"


@pytest.mark.parametrize(
    "content, encoding",
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8"),
        (TEXT.encode("utf-16"), "utf-16-le"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("cp1252"), "windows-1252"),
    ],
)
def test_every_usual_encoding_is_read(content: bytes, encoding: str) -> None:
    table = files.read(content)
    assert table.encoding == encoding
    assert table.header == ("userName", "Nachname")
    assert [line.cells for line in table.lines] == [("Änne", "Müller")]


@pytest.mark.parametrize("delimiter", files.DELIMITERS)
def test_the_delimiter_is_what_separates_the_headings(delimiter: str) -> None:
    text = f'"a, b; c"{delimiter}d\n"x{delimiter}y"{delimiter}"say ""z"""\n'
    table = files.read(text.encode())
    assert table.delimiter == delimiter
    assert table.lines[0].cells == (f"x{delimiter}y", 'say "z"')


def test_rows_keep_the_numbers_that_a_spreadsheet_shows() -> None:
    table = files.read(b"userName\n\nann\n,\nben\n")
    assert [(line.number, line.cells[0]) for line in table.lines] == [(3, "ann"), (5, "ben")]


def test_a_cell_made_safe_for_spreadsheets_is_read_as_it_was() -> None:
    table = files.read(b"userName,phone\nann,'+44 20\n'tis,'\n")
    assert [line.cells for line in table.lines] == [("ann", "+44 20"), ("'tis", "'")]


@pytest.mark.parametrize(
    "content, code",
    [
        (b"", "file_empty"),
        (b"\xef\xbb\xbf", "file_empty"),
        (b"\xff\xfe\x00", "encoding_unknown"),
        (b"\x81\x8d\x8f", "encoding_unknown"),
        (b"a,b\x00c\n", "encoding_unknown"),
        (b'a,b\n"c" d,e\n', "file_malformed"),
        (b"a\n" + b"x" * 200_000, "file_malformed"),
        (b"," * 300 + b"x\n", "file_malformed"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        files.read(content)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "header",
    [
        ("User name", "First name", "Last name", "E-mail", "Department", "Manager"),
        ("Benutzername", "Vorname", "Name", "E-Mail-Adresse", "Abteilung", "Vorgesetzter"),
        ("Identifiant", "Prénom", "Nom", "Courriel", "Service", "Responsable"),
        ("USERNAME", "given_name", "family-name", "mail", "department", "supervisor"),
        (
            "urn:ietf:params:scim:schemas:core:2.0:User:userName",
            "name.givenName",
            "name.familyName",
            "emails",
            f"{ENTERPRISE_SCHEMA}:department",
            columns.MANAGER,
        ),
    ],
)
def test_headings_are_understood(header: tuple[str, ...]) -> None:
    assert list(columns.guess(header, CORE).values()) == [
        "userName",
        "name.givenName",
        "name.familyName",
        "emails",
        f"{ENTERPRISE_SCHEMA}:department",
        columns.MANAGER,
    ]


def test_what_is_not_understood_or_not_to_be_written_is_left() -> None:
    header = ("Shoe size", "password", "status", "message", "meta", "groups.value", "Login", "User")
    assert columns.guess(header, CORE) == {6: "userName"}
    assert "password" not in columns.choices(CORE)
    assert "photos" not in columns.choices(CORE)

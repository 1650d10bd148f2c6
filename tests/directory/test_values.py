"""Names normalised once and compared one way."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.directory.errors import Invalid
from idp.directory.sets import storable
from idp.directory.values import (
    digest,
    domain_key,
    domain_name,
    domain_of,
    foreign_name,
    group_name_key,
    key,
    search_form,
    slug,
    user_name_key,
    words,
)

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cn")), max_size=30)


@pytest.mark.parametrize(
    "one,other",
    [
        ("Straße", "STRASSE"),
        ("É", "e\u0301"),
        ("ｆｕｌｌ", "FULL"),
        ("ﬁ", "FI"),
        ("ΟΔΟΣ", "οδος"),
        ("\u212b", "å"),  # the angstrom sign
        ("①", "1"),
    ],
)
def test_two_forms_of_a_name_have_one_key(one: str, other: str) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize("one,other", [("e", "é"), ("o", "ø"), ("i", "ı"), ("a", "а")])
def test_two_names_have_two_keys(one: str, other: str) -> None:
    assert key(one) != key(other)


@given(TEXT)
def test_a_key_does_not_depend_on_the_form_it_is_made_from(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert key(unicodedata.normalize(form, text)) == key(text)


@given(TEXT)
def test_a_key_is_its_own_key(text: str) -> None:
    assert key(key(text)) == key(text)


@given(st.text(st.characters(max_codepoint=127), max_size=30))
def test_ascii_takes_the_short_way_to_the_same_key(text: str) -> None:
    assert key(text) == unicodedata.normalize("NFKC", text.casefold())


@pytest.mark.parametrize("name", ["", "a", "Bob Núñez", "x@y", "名前", "a b"])
def test_a_plain_user_name_is_accepted(name: str) -> None:
    assert user_name_key(name) == key(name)


@pytest.mark.parametrize(
    "name",
    [
        " a",
        "a ",
        "a\u00a0",
        "\u3000a",
        "a\u200bb",
        "a\u202eb",
        "a\u2066b",
        "\ufeffa",
        "a\u2060",
        "a\u00adb",
        "a\u200f",
    ],
)
def test_an_unclear_user_name_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        user_name_key(name)
    assert refused.value.code == "user_name_unclear"


@pytest.mark.parametrize("make", [user_name_key, group_name_key])
def test_a_key_that_outgrows_its_column_is_refused(make: object) -> None:
    assert make("x" * 256)  # type: ignore[operator]
    for name in ("x" * 257, "\ufdfa" * 20):
        with pytest.raises(Invalid) as refused:
            make(name)  # type: ignore[operator]
        assert refused.value.code == "value_too_long"


@pytest.mark.parametrize("text", ["x", "x" * 512, "Ünï 'quoted' \\ %"])
def test_a_foreign_name_is_kept_as_it_stands(text: str) -> None:
    assert foreign_name(text) == text


@pytest.mark.parametrize(
    "given_,found",
    [
        ("bob@Northwind.Example", "northwind.example"),
        ("bob", ""),
        ("a@b@c.example", "c.example"),
        ("bob@c.example.", "c.example"),
        ("bob@BÜCHER.example", "xn--bcher-kva.example"),
        ("bob＠c.example", "c.example"),
        ("bob@" + "é" * 100, ""),
        ("@c.example", "c.example"),
        ("bob@", ""),
    ],
)
def test_the_domain_of_a_name_is_found(given_: str, found: str) -> None:
    assert domain_of(given_) == found


@pytest.mark.parametrize("text", ["Example.COM", "example.com.", " example.com ", "ｅxample.com"])
def test_a_domain_has_one_form(text: str) -> None:
    assert domain_name(text) == domain_key(text) == "example.com"


@pytest.mark.parametrize(
    "text",
    ["", "com", "-a.com", "a-.com", "a..com", "a b.com", "a_b.com", "x" * 64 + ".com", "a.", "*.a"],
)
def test_what_is_no_domain_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        domain_name(text)
    assert (refused.value.code, refused.value.attribute) == ("domain_malformed", "domain")


@pytest.mark.parametrize(
    "text,found",
    [
        ("Núñez", "nunez"),
        ("Østergård", "ostergard"),
        ("Łukasz", "lukasz"),
        ("Weiß", "weiss"),
        ("İstanbul", "istanbul"),
        ("Đorđević", "dordevic"),
        ("Æsir", "aesir"),
        ("O’Brien", "o’brien"),
        ("王小明", "王小明"),
    ],
)
def test_text_is_searched_without_accents(text: str, found: str) -> None:
    assert search_form(text) == found


def test_words_are_what_stands_between_other_signs() -> None:
    assert words("Ana-María O’Brien", None, "", "x" * 80) == {
        "ana",
        "maria",
        "o",
        "brien",
        "x" * 64,
    }


@pytest.mark.parametrize(
    "name,short",
    [
        ("Northwind Traders", "northwind-traders"),
        ("  Bäcker & Söhne GmbH ", "backer-sohne-gmbh"),
        ("!!!", "organization"),
        ("王", "organization"),
        ("x" * 100, "x" * 48),
    ],
)
def test_an_organization_gets_a_short_address(name: str, short: str) -> None:
    assert slug(name) == short


@given(st.text(max_size=20))
def test_any_text_has_a_digest(text: str) -> None:
    assert len(digest(text)) == 64


def test_what_no_database_holds_is_known() -> None:
    assert storable("Größe 🐎 \x01")
    assert not storable("a\x00b")
    assert not storable("\ud800")

"""The organization's page: what is given is checked, shown and used; nobody is written over."""

import io
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from idp.changes import apply
from idp.changes.intents import ChangeOrganization
from idp.directory import queries
from idp.directory.colours import DARK_GROUNDS, LEAST, LIGHT_GROUNDS, contrast, palette
from idp.directory.details import LOGO_MAX
from idp.directory.errors import Invalid, Stale
from tests.cast import Cast
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site

EDIT = "/identity/organization/edit"


def picture() -> bytes:
    """A PNG of one pixel."""
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\0")),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def upload(visitor: Visitor, content: bytes, name: str = "logo.png", **fields: Any) -> Visitor:
    """Send the form with a file."""
    form = visitor.get(EDIT).form_of("Save")
    sent: dict[str, Any] = dict(form.form_values()) | fields
    sent["logo"] = (io.BytesIO(content), name)
    visitor.answer = visitor.client.post(
        EDIT, data=sent, content_type="multipart/form-data", follow_redirects=True
    )
    return visitor


def test_what_is_given_is_shown_and_audited(site: Site) -> None:
    alice = site.visitor("alice").get(EDIT)
    alice.submit(
        "Save",
        name="Northwind GmbH",
        address="Hafenstraße 1\n20457 Hamburg",
        country="DE",
        language="en",
        timezone="Europe/Berlin",
        technical="it@northwind.example",
    )
    assert alice.path == "/identity/organization"
    for shown in ("Northwind GmbH", "Hafenstraße 1", "Germany", "English", "it@northwind.example"):
        assert shown in alice.text
    entry = alice.get("/audit?action=organization.changed").text
    assert "Country" in entry
    assert "DE" in entry


def test_a_stale_form_is_shown_and_writes_nothing_over(site: Site) -> None:
    alice, second = site.visitor("alice").get(EDIT), site.visitor("alice").get(EDIT)
    second.submit("Save", technical="first@northwind.example")
    alice.submit("Save", technical="late@northwind.example")
    assert alice.answer.status_code == 422
    assert "Somebody else has changed the organization meanwhile." in alice.text
    assert "first@northwind.example" in second.get("/identity/organization").text


def test_the_same_again_changes_nothing(site: Site) -> None:
    alice = site.visitor("alice").get(EDIT).submit("Save", country="FR")
    alice.get(EDIT).submit("Save")
    assert "Nothing was different." in alice.text


@pytest.mark.parametrize(
    "field, value, said",
    [
        ("name", "", "An organization needs a name."),
        ("name", "x" * 300, "1 to 256 characters"),
        ("technical", "nobody", "Enter an e-mail address"),
        ("security", "a@b", "Enter an e-mail address"),
        ("billing", "a@example.com, b@example.com", "Enter an e-mail address"),
        ("address", "x" * 600, "at most 500"),
        ("accent_light", "red", "# and six digits"),
        ("accent_light", "#ffcc00", "In the light theme its contrast is 1."),
        ("accent_dark", "#101010", "In the dark theme its contrast is 1."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    site: Site, field: str, value: str, said: str
) -> None:
    alice = site.visitor("alice").get(EDIT)
    alice.submit("Save", **{"accent_light": "#0f5b64", field: value})
    assert alice.answer.status_code == 422
    assert said in alice.page.xpath(
        f"string(//input[@id='{field}']/.. | //textarea[@id='{field}']/..)"
    )


@pytest.mark.parametrize(
    "settings, code",
    [
        ({"country": "XX"}, "country_unknown"),
        ({"country": "EU"}, "country_unknown"),
        ({"timezone": "Mars/Olympus"}, "timezone_unknown"),
        ({"language": "../de"}, "language_unknown"),
        ({"contacts": {"technical": "x@y.example\nBcc: z@y.example"}}, "contact_invalid"),
        ({"accent": {"light": "#0f5b64;}", "dark": ""}}, "colour_malformed"),
    ],
)
def test_no_door_brings_in_what_is_wrong(people: Cast, settings: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        apply(ChangeOrganization(settings=settings), by=people.alice)
    assert refused.value.code == code
    assert queries.organization(people.alice).settings == {}


def test_an_older_version_is_refused(people: Cast) -> None:
    held = queries.organization(people.alice)
    apply(ChangeOrganization("Northwind 2", expect=held.version), by=people.alice)
    with pytest.raises(Stale):
        apply(ChangeOrganization("Northwind 3", expect=held.version), by=people.alice)


def test_a_logo_is_shown_kept_and_taken_away(site: Site) -> None:
    alice = upload(site.visitor("alice"), picture())
    assert alice.path == "/identity/organization"
    source = alice.page.xpath("string(//header//img/@src)")
    found = site.visitor().client.get(source)
    assert (found.data, found.headers["Content-Type"]) == (picture(), "image/png")
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert found.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "max-age=31536000" in found.headers["Cache-Control"]
    alice.get(EDIT).submit("Save", no_logo="y")
    assert not alice.page.xpath("//header//img")
    assert site.visitor().client.get(source).status_code == 404


@pytest.mark.parametrize(
    "content, said",
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "A logo is a PNG or JPEG picture."),
        (b"GIF89a", "A logo is a PNG or JPEG picture."),
        (picture() + b"x" * LOGO_MAX, "at most 100 kB"),
    ],
)
def test_a_logo_is_judged_by_its_bytes(site: Site, content: bytes, said: str) -> None:
    alice = upload(site.visitor("alice"), content)
    assert alice.answer.status_code == 422
    assert said in alice.text


def test_the_accent_is_a_style_sheet_of_its_own(site: Site) -> None:
    alice = site.visitor("alice").get(EDIT).submit("Save", accent_light="#7a1f5c")
    (sheet,) = [u for u in alice.page.xpath("//link/@href") if "colours.css" in u]
    found = alice.client.get(sheet)
    assert found.headers["Content-Type"].startswith("text/css")
    assert re.match(rb":root\{--accent:light-dark\(#7a1f5c,#[0-9a-f]{6}\);", found.data)


@pytest.mark.parametrize("light", ["#0f5b64", "#7a1f5c", "#0000ee", "#6b5900", "#000000"])
def test_every_pair_that_follows_from_an_accent_can_be_read(people: Cast, light: str) -> None:
    change = ChangeOrganization(settings={"accent": {"light": light, "dark": ""}})
    apply(change, by=people.alice)
    accent = queries.accent_of(people.org)
    assert accent is not None
    made = palette(*accent)
    for theme, grounds in enumerate((LIGHT_GROUNDS, DARK_GROUNDS)):
        of = {name: pair[theme] for name, pair in made.items()}
        pairs = [("--accent", ground) for ground in grounds]
        assert all(contrast(of[name], ground) >= LEAST for name, ground in pairs)
        assert contrast(of["--accent"], of["--accent-tint"]) >= LEAST
        assert contrast(of["--accent-strong"], of["--accent-tint"]) >= LEAST
        assert contrast(of["--on-accent"], of["--accent"]) >= LEAST


def test_the_grounds_are_those_of_the_style_sheet() -> None:
    tokens = Path("portal/static/css/tokens.css").read_text("utf-8")
    found = dict(re.findall(r"--(ground|surface|raised|sunken): light-dark\((#\w+), ", tokens))
    dark = dict(re.findall(r"--(ground|surface|raised|sunken): light-dark\(#\w+, (#\w+)\)", tokens))
    assert set(found.values()) == set(LIGHT_GROUNDS)
    assert set(dark.values()) == set(DARK_GROUNDS)


def test_the_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == 21
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


def test_times_are_said_in_the_organizations_zone(site: Site) -> None:
    alice = site.visitor("alice").get(EDIT).submit("Save", timezone="Asia/Tokyo")
    shown = alice.get("/audit").page.xpath("(//time)[1]")[0]
    (before,) = re.findall(r"T(\d\d):", shown.get("datetime"))
    (after,) = re.findall(r", (\d\d):", shown.text_content())
    assert (int(after) - int(before)) % 24 == 9


def test_the_organizations_language_is_for_who_has_none(site: Site) -> None:
    french = ChangeOrganization(settings={"language": "fr"})
    site.inside(lambda: apply(french, by=site.cast.alice))
    assert site.visitor("bob").get("/me").page.get("lang") == "fr"


def test_readers_see_it_without_the_button(site: Site) -> None:
    heidi = site.visitor("heidi").get("/identity/organization")
    assert heidi.answer.status_code == 403
    assert (
        not site.visitor("heidi").get("/identity").page.xpath("//a[@href='/identity/organization']")
    )


def test_a_card_that_fails_fails_alone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise Invalid("broken", "broken")

    monkeypatch.setattr(queries, "count_groups", broken)
    alice = site.visitor("alice").get("/identity")
    assert alice.answer.status_code == 200
    assert alice.text.count("This cannot be told just now.") == 1
    assert "people may sign in" in alice.text


def test_the_overview_warns_of_a_lonely_administrator(site: Site) -> None:
    alice = site.visitor("alice").get("/identity")
    assert "Only one Global Administrator: make a second one." in alice.text
    assert "No country is set" in alice.text

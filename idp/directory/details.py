"""What an organization says of itself, in its settings: country, address, contacts, branding.

`country` is ISO 3166-1 alpha-2 in capitals, `language` BCP 47, `timezone` a name of the IANA
database, `address` lines, `contacts` e-mail addresses by what they are for, `accent` a colour for
each theme, `logo` the type and digest of the picture that `logos` holds. All may be missing.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from sqlalchemy import ForeignKeyConstraint, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from idp.directory.colours import check_accent
from idp.directory.errors import Invalid
from idp.directory.orgs import Organization
from idp.directory.sets import same
from idp.directory.values import FORBIDDEN, FORBIDDEN_MULTILINE, digest
from idp.extensions import Model, db

CONTACTS = ("technical", "security", "billing")
ADDRESS_MAX, LOGO_MAX = 500, 100 * 1024
_EMAIL = re.compile(r"[^@\s<>,;:\"()\[\]\\]{1,64}@[^@\s.]{1,63}(\.[^@\s.]{1,63})+")
_COUNTRY = re.compile("[A-Z]{2}")
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
# Codes of CLDR that ISO 3166-1 does not assign to a country.
_NO_COUNTRIES = re.compile("AC|CP|CQ|DG|EA|EU|EZ|IC|QO|TA|UN|XA|XB|XK|ZZ")
# By their first bytes: PNG (RFC 2083 §3.1), JPEG (JFIF and Exif begin alike).
_PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}


class Logo(Model):
    """An organization's picture, base64; apart, for its settings are read with every page."""

    __tablename__ = "logos"
    __table_args__ = (ForeignKeyConstraint(["org_id"], ["organizations.id"]),)

    org_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(16))
    content: Mapped[str] = mapped_column(Text)


@cache
def countries() -> frozenset[str]:
    """The codes of all countries."""
    codes = map(str, Locale("en").territories)
    letters = (code for code in codes if _COUNTRY.fullmatch(code))
    return frozenset(code for code in letters if not _NO_COUNTRIES.fullmatch(code))


def check(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, normalised; raises Invalid, with the attribute that is wrong."""
    checked = dict(settings)
    for name, look in _CHECKS.items():
        if name in checked:
            checked[name] = look(checked[name])
    return {name: value for name, value in checked.items() if value not in ("", None, {})}


def _country(value: Any) -> str:
    if value and value not in countries():
        raise Invalid("country_unknown", "Choose a country from the list.", attribute="country")
    return str(value or "")


def _language(value: Any) -> str:
    if value and not _LANGUAGE.fullmatch(str(value)):
        raise Invalid("language_unknown", "Choose a language from the list.", attribute="language")
    return str(value or "")


def _timezone(value: Any) -> str:
    if value and value not in available_timezones():
        raise Invalid("timezone_unknown", "Choose a time zone from the list.", attribute="timezone")
    return str(value or "")


def _address(value: Any) -> str:
    text = "\n".join(line.strip() for line in str(value or "").strip().splitlines())
    if len(text) > ADDRESS_MAX or FORBIDDEN_MULTILINE.search(text):
        sentence = f"An address has at most {ADDRESS_MAX} ordinary characters."
        raise Invalid("address_invalid", sentence, attribute="address")
    return text


def _contacts(value: Any) -> dict[str, str]:
    given = {name: str((value or {}).get(name) or "").strip() for name in CONTACTS}
    for name, address in given.items():
        if address and (not _EMAIL.fullmatch(address) or FORBIDDEN.search(address)):
            sentence = "Enter an e-mail address, such as it@example.com."
            raise Invalid("contact_invalid", sentence, attribute=name)
    return {name: address for name, address in given.items() if address}


def _accent(value: Any) -> dict[str, str]:
    light, dark = str((value or {}).get("light") or ""), str((value or {}).get("dark") or "")
    if not light and not dark:
        return {}
    light, dark = check_accent(light, dark)
    return {"light": light, "dark": dark}


_CHECKS = {
    "country": _country,
    "language": _language,
    "timezone": _timezone,
    "address": _address,
    "contacts": _contacts,
    "accent": _accent,
}


def read_logo(content: bytes) -> dict[str, str]:
    """A picture as its row and its mention; by its bytes, whatever its name says. Raises Invalid.

    SVG is refused: it can hold scripts, and is shown on pages of ours.
    """
    if len(content) > LOGO_MAX:
        raise Invalid("logo_too_large", "A logo has at most 100 kB.", attribute="logo")
    found = next((kind for kind, first in _PICTURES.items() if content.startswith(first)), None)
    if found is None:
        raise Invalid("logo_unknown", "A logo is a PNG or JPEG picture.", attribute="logo")
    return {"media_type": found, "content": b64encode(content).decode()}


def logo_digest(row: Mapping[str, str]) -> str:
    """By what a browser tells one picture from the next."""
    return digest(row["content"])[:12]


def logo_of(org_id: str) -> tuple[str, bytes] | None:
    """(media type, picture) of an organization: no secret, it stands on pages for everybody."""
    wanted = select(Logo.media_type, Logo.content).where(same(Logo.org_id, org_id))
    row = db.session.execute(wanted).first()
    return (row.media_type, b64decode(row.content)) if row else None


def accent_of(org_id: str) -> tuple[str, str] | None:
    """The accent of an organization: for the light theme, for the dark."""
    wanted = select(Organization.settings).where(same(Organization.id, org_id))
    settings = db.session.scalar(wanted)
    accent = settings.get("accent") if settings else None
    return (accent["light"], accent["dark"]) if accent else None

"""The reader's language: which there are, which is theirs, and which way it runs.

    the reader's choice   a cookie, set by a plain form in the account menu or below a page
    their directory entry `preferredLanguage`, where somebody is signed in
    their browser         Accept-Language (RFC 9110 §12.5.4)
    their organization    its own language, where it has set one
    English               where none of these names a language that we speak

Sentences go through gettext; the catalogues lie in `portal/translations`. Values are said by
`portal.words`. What a cookie holds is believed only where it names one of `LANGUAGES`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babel import Locale
from babel.numbers import format_decimal
from flask import Flask, current_app, has_app_context, has_request_context, request
from flask_babel import Babel, Domain, get_locale, get_translations
from flask_babel.speaklater import LazyString
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from idp import sessions
from portal.refusals import said

LANGUAGE_COOKIE = "language"
TRANSLATIONS = Path(__file__).parent / "translations"


@dataclass(frozen=True, slots=True)
class Language:
    """`tag` by BCP 47, `name` in the language itself, `locale` says how values are written."""

    tag: str
    name: str
    locale: Locale

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`, by the order of the script's characters."""
        return self.locale.text_direction


ENGLISH = Language("en", "English", Locale("en", "GB"))
LANGUAGES = (
    ENGLISH,
    Language("de", "Deutsch", Locale("de")),
    Language("fr", "Français", Locale("fr")),
)
# Nobody is offered this one: with it, tests look at the pages from right to left.
_ONLY_IN_TESTS = (Language("ar", "العربية", Locale("ar")),)


def bind(app: Flask) -> None:
    """Give views and templates gettext, and templates the language that they are written in."""
    babel = Babel(
        app,
        default_locale=str(ENGLISH.locale),
        default_translation_directories=str(TRANSLATIONS),
        locale_selector=lambda: str(_chosen().locale),
    )
    babel.domain_instance = _Counting()
    app.jinja_env.globals.update(
        language=current, languages=LANGUAGES, ngettext=_counted, refusal=said
    )


class _Counting(Domain):
    """Gettext that writes the number of `ngettext` as the language does: 1,234 and 1.234."""

    def ngettext(self, singular: str, plural: str, num: int, **variables: Any) -> str:
        said = self.get_translations().ungettext(singular, plural, num)
        return said % {"num": number(num), **variables}


@pass_context
def _counted(context: Context, one: str, many: str, num: int, **variables: Any) -> str:
    """The same in templates, where a sentence is markup and its values are escaped."""
    said = get_translations().ungettext(one, many, num)
    said = Markup(said) if context.eval_ctx.autoescape else said  # noqa: S704  ours, not a value
    return said % {"num": number(num), **variables}


def number(value: int) -> str:
    """1,234,567 as the reader's language writes it."""
    return format_decimal(value, locale=current().locale)


def lazy_number(value: int) -> LazyString:
    """The same for what is made before anybody reads it: labels and messages of forms."""
    return LazyString(number, value)


def current() -> Language:
    """The language of the answer in hand; English where nobody asks."""
    now = get_locale()
    return next((one for one in _spoken() if one.locale == now), ENGLISH)


def offered(tag: str) -> bool:
    """May a reader choose this language?"""
    return any(one.tag == tag for one in LANGUAGES)


def _spoken() -> tuple[Language, ...]:
    testing = has_app_context() and current_app.testing
    return LANGUAGES + _ONLY_IN_TESTS if testing else LANGUAGES


def _chosen() -> Language:
    if not has_request_context():
        return ENGLISH
    kept = request.cookies.get(LANGUAGE_COOKIE, "")
    found = next((one for one in _spoken() if one.tag == kept), None)
    preferred = parse_accept_header(sessions.preferred_language(), LanguageAccept)
    browser = request.accept_languages
    theirs = parse_accept_header(sessions.organization_setting("language"), LanguageAccept)
    return found or _best(preferred) or _best(browser) or _best(theirs) or ENGLISH


def _best(wanted: LanguageAccept) -> Language | None:
    """The language that is wanted most of those spoken; `de-AT` is served by `de`."""
    spoken = {one.tag: one for one in LANGUAGES}
    mains = (tag.lower().partition("-")[0] for tag, quality in wanted if quality > 0)
    return next((spoken[main] for main in mains if main in spoken), None)

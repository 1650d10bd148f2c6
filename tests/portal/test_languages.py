"""The reader's language: whose choice it is, what a page says of it, how values are written."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from flask import render_template_string
from flask_babel import force_locale

from idp import clock
from idp.changes import apply
from idp.changes.intents import ChangeUser
from portal import words
from portal.languages import LANGUAGE_COOKIE, LANGUAGES
from portal.refusals import said
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site

AT = datetime(2026, 12, 3, 14, 5, 9, tzinfo=UTC)


def _language(visitor: Visitor, accept: str = "", url: str = "/sign-in") -> str:
    headers = {"Accept-Language": accept} if accept else {}
    visitor.answer = visitor.client.get(url, headers=headers)
    return str(visitor.page.get("lang"))


@pytest.mark.parametrize(
    "accept, language",
    [
        ("", "en"),
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("nl,fr;q=0.8,en;q=0.7", "fr"),
        ("ar", "en"),
        ("en-US,de;q=0.9", "en"),
        ("de-CH,en;q=0.9", "de"),
        ("de;q=0,fr;q=0.1", "fr"),
        ("*", "en"),
        ("x" * 4000, "en"),
    ],
)
def test_a_browser_says_which_language_it_prefers(
    standing: Site, accept: str, language: str
) -> None:
    assert _language(standing.visitor(), accept) == language


def test_a_choice_is_kept_and_counts_more_than_the_browser(standing: Site) -> None:
    visitor = standing.visitor().get("/sign-in")
    visitor.submit("Continue")  # a page that came back with errors offers the languages too
    visitor.post("/language", language="de", back="/recover")
    assert visitor.path == "/recover"
    assert _language(visitor, "fr") == "de"
    kept = visitor.client.get_cookie(LANGUAGE_COOKIE)
    assert kept is not None
    assert (kept.value, kept.http_only, kept.same_site) == ("de", True, "Lax")


@pytest.mark.parametrize("language", ["", "ar", "tlh", "../en", "x" * 5000])
def test_no_cookie_holds_a_language_that_is_not_offered(standing: Site, language: str) -> None:
    visitor = standing.visitor().get("/sign-in")
    visitor.post("/language", language=language, back="https://elsewhere.example/")
    assert visitor.path == "/sign-in"
    assert visitor.client.get_cookie(LANGUAGE_COOKIE) is None


@pytest.mark.parametrize("language", ["", "tlh", "EN;", "ar", "de-AT", "\\x00"])
def test_a_cookie_of_an_unknown_language_is_passed_over(standing: Site, language: str) -> None:
    visitor = standing.visitor()
    visitor.client.set_cookie(LANGUAGE_COOKIE, language)
    assert _language(visitor, "fr") == "fr"


def test_somebody_signed_in_reads_what_the_directory_says_they_prefer(site: Site) -> None:
    change = ChangeUser(site.cast.bob.id, {"preferredLanguage": "nl, de-AT;q=0.9"})
    site.inside(lambda: apply(change, by=site.cast.alice))
    bob = site.visitor("bob")
    assert _language(bob, "fr", "/me") == "de"
    bob.client.set_cookie(LANGUAGE_COOKIE, "en")
    assert _language(bob, "fr", "/me") == "en"


def test_an_answer_says_its_language_and_what_it_depends_on(standing: Site) -> None:
    answer = standing.visitor().client.get("/sign-in", headers={"Accept-Language": "fr"})
    assert answer.headers["Content-Language"] == "fr"
    assert {"Accept-Language", "Cookie"} <= set(answer.vary)
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_menu_offers_each_language_by_its_own_name(standing: Site) -> None:
    bob = standing.known_visitor("bob").get("/me")
    buttons = bob.page.xpath("//form[@action='/language']//button")
    assert [b.text_content() for b in buttons] == [one.name for one in LANGUAGES]
    assert [b.get("lang") for b in buttons] == [one.tag for one in LANGUAGES]
    assert [b.get("aria-pressed") for b in buttons] == ["true", "false", "false"]


@contextmanager
def _reading(site: Site, locale: str) -> Iterator[None]:
    """Inside an answer in this language."""
    with site.app.test_request_context(), force_locale(locale):
        yield


@pytest.mark.parametrize(
    "locale, written",
    [
        ("en_GB", ["3 December 2026, 14:05", "1,234,567", "€12,345.50", "92%", "2 MB"]),
        ("de", ["3. Dezember 2026, 14:05", "1.234.567", "12.345,50 €", "92 %", "2 MB"]),
        ("fr", ["3 décembre 2026, 14:05", "1 234 567", "12 345,50 €", "92 %", "2 Mo"]),
    ],
)
def test_values_are_written_as_the_language_does(
    standing: Site, locale: str, written: list[str]
) -> None:
    with _reading(standing, locale):
        said = (
            words.moment(AT).striptags(),
            words.figure(1234567),
            words.money(1234550, "EUR"),
            words.percent(0.92),
            words.size(2 * 1024 * 1024),
        )
    assert [text.replace("\u202f", " ").replace("\xa0", " ") for text in said] == written


@pytest.mark.parametrize(
    "minor, currency, said",
    [
        (1999, "EUR", "€19.99"),
        (-5, "EUR", "-€0.05"),
        (1999, "JPY", "JP¥1,999"),
        (1999, "KWD", "KWD 1.999"),
        (10**17 + 1, "GBP", "£1,000,000,000,000,000.01"),
    ],
)
def test_money_counts_the_currency_s_own_smallest_unit(
    standing: Site, minor: int, currency: str, said: str
) -> None:
    with _reading(standing, "en_GB"):
        assert words.money(minor, currency).replace("\xa0", " ") == said


def test_values_are_said_in_english_where_nobody_asks() -> None:
    assert words.moment(AT).striptags() == "3 December 2026, 14:05"


@pytest.mark.parametrize(
    "sentence, german",
    [
        ("There is no such group.", "Diese Gruppe gibt es nicht."),
        (
            "Too many attempts. Try again in 30 seconds.",
            "Zu viele Versuche. Versuchen Sie es in 30 Sekunden noch einmal.",
        ),
        (
            "title comes from HR: 100%; change it there.",
            "title kommt aus HR: 100%; ändern Sie es dort.",
        ),
        ("%(path)s %s is not ours.", "%(path)s %s is not ours."),
        ("x" * 100_000, "x" * 100_000),
    ],
    ids=["whole", "with a number", "with two values", "unknown", "long"],
)
def test_a_refusal_is_told_in_the_reader_s_language(
    standing: Site, sentence: str, german: str
) -> None:
    with _reading(standing, "de"):
        assert said(sentence) == german
    with _reading(standing, "en_GB"):
        assert said(sentence) == sentence


def test_a_wrong_password_is_refused_in_the_reader_s_language(standing: Site) -> None:
    visitor = standing.visitor()
    visitor.client.set_cookie(LANGUAGE_COOKIE, "fr")
    visitor.get("/sign-in").submit("Continuer", username="nobody@northwind.example")
    visitor.submit("Se connecter", password="wrong")
    assert "Le nom d’utilisateur ou le mot de passe n’est pas correct." in visitor.text


def test_numbers_in_sentences_are_written_as_the_language_does(standing: Site) -> None:
    with _reading(standing, "de"):
        assert words.plural(1234, "person", "people") == "1.234 Personen"
        assert words.distance(clock.now() + timedelta(days=1500)) == "in 1.500 Tagen"
        shown = render_template_string(
            "{{ ngettext('%(num)s request', '%(num)s requests', 4321) }}"
        )
    assert shown == "4.321 Anfragen"


def test_a_value_in_a_sentence_is_escaped(standing: Site) -> None:
    template = "{{ _('Welcome, %(actor)s', actor=name) }}"
    with _reading(standing, "de"):
        assert render_template_string(template, name="<b>") == "Willkommen, &lt;b&gt;"

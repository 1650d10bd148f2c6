"""The catalogues are whole: every sentence of the sources, in every language, as `make messages`
leaves them; and what was translated is what a reader sees.
"""

import io
import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from portal.languages import LANGUAGE_COOKIE, LANGUAGES, TRANSLATIONS
from portal.refusals import CONTEXT
from tests.portal.conftest import Site
from tests.portal.places import READABLE, address

ROOT = Path(__file__).parent.parent.parent
TRANSLATED = [one.tag for one in LANGUAGES if one.tag != "en"]
PLACEHOLDER = re.compile(r"%\(\w+\)s|%%|\{\d\}")
Key = tuple[str | None, str]

# Sentences and words of pages that every administrator opens. Names and values stay as they are.
ENGLISH = (
    "Skip to the content",
    "Sign out",
    "Your account",
    "Manage users and groups",
    "Recent changes",
    "Add a person",
    "User name",
    "Last sign-in",
    "Global Administrator",
    "Added a person",
    "This portal",
    "Provisioning",
    "Everyone",
    "Active",
    "optional",
    "Cancel",
)


def _makefile_keywords() -> list[str]:
    recipe = (ROOT / "Makefile").read_text().partition("$(BABEL) extract")[2]
    return re.findall(r"-k (\S+)", recipe.partition("$(BABEL) update")[0])


@pytest.fixture(scope="module")
def extracted() -> set[Key]:
    """What the sources say now."""
    with (TRANSLATIONS / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    keywords = DEFAULT_KEYWORDS | parse_keywords(_makefile_keywords())
    found = extract_from_dir(ROOT, methods, options, keywords)
    return {(context, _first(words)) for _file, _line, words, _comments, context in found}


def _first(words: str | tuple[str, ...]) -> str:
    return words if isinstance(words, str) else words[0]


def _catalogue(tag: str) -> Catalog:
    with (TRANSLATIONS / tag / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=tag, domain="messages")


def _messages(tag: str) -> list[Message]:
    return [message for message in _catalogue(tag) if message.id]


def _key(message: Message) -> Key:
    return message.context, _first(message.id)


def test_the_sources_are_read(extracted: set[Key]) -> None:
    assert {(None, "Sign out"), (None, "person"), (CONTEXT, "There is no such group.")} <= extracted
    assert len(extracted) > 1000


@pytest.mark.parametrize("tag", TRANSLATED)
def test_every_sentence_of_the_sources_is_in_the_catalogue(tag: str, extracted: set[Key]) -> None:
    known = {_key(message) for message in _messages(tag)}
    assert sorted(map(str, extracted - known)) == [], "run `make messages`, then translate"
    assert sorted(map(str, known - extracted)) == [], "run `make messages`"


@pytest.mark.parametrize("tag", TRANSLATED)
def test_every_sentence_is_translated(tag: str) -> None:
    empty = [m.id for m in _messages(tag) if not all(_strings(m)) or m.fuzzy]
    assert empty == []


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_translation_has_the_placeholders_of_its_sentence(tag: str) -> None:
    wrong = []
    for message in _messages(tag):
        many = message.id if isinstance(message.id, str) else message.id[1]
        wanted = Counter(PLACEHOLDER.findall(many))
        wrong += [s for s in _strings(message) if Counter(PLACEHOLDER.findall(s)) - wanted]
        wrong += [s for s in _strings(message)[-1:] if set(wanted) - set(PLACEHOLDER.findall(s))]
    assert wrong == []


def _strings(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


@pytest.mark.parametrize("tag", TRANSLATED)
def test_what_is_read_is_compiled_from_what_is_written(tag: str) -> None:
    made = io.BytesIO()
    write_mo(made, _catalogue(tag))
    kept = TRANSLATIONS / tag / "LC_MESSAGES" / "messages.mo"
    assert kept.read_bytes() == made.getvalue(), "run `make messages`"


@pytest.mark.parametrize("tag", TRANSLATED)
def test_pages_show_no_english_sentence(standing: Site, tag: str) -> None:
    alice = standing.visitor("alice")
    alice.client.set_cookie(LANGUAGE_COOKIE, tag)
    found = []
    for route in READABLE:
        alice.get(address(standing, route))
        page = alice.page
        assert page.get("lang") == tag
        for quoted in page.xpath("//main//*[@lang='en']"):
            quoted.clear()  # what says of itself that it is English: the changelog
        shown = " ".join(page.text_content().split())
        found += [(route.url, said) for said in ENGLISH if re.search(rf"\b{said}\b", shown)]
    assert found == []

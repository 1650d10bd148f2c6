"""Every page: who may open it, what it is made of, and that it tells nothing of others."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from portal.routes import PUBLIC, ROUTES, Route
from tests.portal.conftest import Site
from tests.portal.places import READABLE, SENDABLE, address

INLINE = re.compile(
    r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", re.IGNORECASE
)
# What is the same for every organization: roles, answers, lists, and what can be had.
EVERYBODYS = {
    r.url
    for r in READABLE
    if {"<key>", "<code>", "<list_key>", "<slug>", "<offer>"} & set(r.url.split("/"))
}


def _id(route: Route) -> str:
    return route.url


@pytest.mark.parametrize("route", READABLE, ids=_id)
def test_every_page_opens_for_a_global_administrator(standing: Site, route: Route) -> None:
    alice = standing.known_visitor("alice").get(address(standing, route))
    assert alice.answer.status_code == 200
    assert alice.page.findall(".//h1")[0].text_content().strip()
    assert len(alice.page.findall(".//h1")) == 1


@pytest.mark.parametrize("route", READABLE, ids=_id)
def test_an_ordinary_person_opens_only_what_is_their_own(standing: Site, route: Route) -> None:
    bob = standing.known_visitor("bob").get(address(standing, route))
    assert bob.answer.status_code == (403 if route.needs else 200)
    if route.needs:
        assert route.needs in bob.text
        assert "Global Administrator" in bob.text


@pytest.mark.parametrize("route", READABLE, ids=_id)
def test_no_query_makes_a_page_fail(standing: Site, route: Route) -> None:
    """What addresses are made by has names of its own, which anybody may write into a query."""
    hostile = "endpoint=x&_method=FOO&_scheme=javascript&_anchor=a&cursor=a&before=9&q=x"
    place = "&".join(f"{name}=x" for name in re.findall("<([a-z_]+)>", route.url))
    alice = standing.known_visitor("alice")
    alice.get(f"{address(standing, route)}?{hostile}&{place}")
    assert alice.answer.status_code < 500
    assert "javascript:" not in alice.text


def test_the_rail_shows_only_what_opens(standing: Site) -> None:
    for name in ("alice", "bob", "carol", "heidi"):
        visitor = standing.known_visitor(name).get("/home")
        for link in visitor.page.xpath("//nav[@aria-label='Sections']//a/@href"):
            assert standing.known_visitor(name).get(link).answer.status_code == 200


def test_every_link_on_every_page_leads_somewhere(standing: Site) -> None:
    alice, ahead = standing.known_visitor("alice"), ["/home"]
    seen: set[tuple[str, frozenset[str]]] = set()
    while ahead:
        url = ahead.pop()
        alice.get(url)
        assert alice.answer.status_code == 200, url
        if alice.answer.mimetype != "text/html":
            continue
        links = {str(href).partition("#")[0] for href in alice.page.xpath("//a/@href")} - {""}
        for link in sorted(link for link in links if link.startswith("/")):
            if _shape(link) not in seen:
                seen.add(_shape(link))
                ahead.append(link)
    assert ("/audit", frozenset()) in seen


def _shape(link: str) -> tuple[str, frozenset[str]]:
    """Where a link leads, and what it asks there: lists answer each of very many questions."""
    parts = urlsplit(link)
    return parts.path, frozenset(parse_qs(parts.query))


@pytest.mark.parametrize("route", READABLE, ids=_id)
def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(standing: Site, route: Route) -> None:
    url = address(standing, route)
    nobody = standing.visitor()
    nobody.get(url)
    assert nobody.path == "/sign-in"
    nobody.submit("Continue", username="alice@northwind.example")
    nobody.submit("Sign in", password="a long walk by the sea")
    assert nobody.path == url


@pytest.mark.parametrize(
    "route", [r for r in READABLE if "<" in r.url and r.url not in EVERYBODYS], ids=_id
)
def test_other_organizations_things_are_not_there(standing: Site, route: Route) -> None:
    stranger = standing.known_visitor("mallory@contoso.example")
    stranger.get(address(standing, route))
    assert stranger.answer.status_code == 404
    assert "Erin" not in stranger.text
    assert "Sales" not in stranger.text


@pytest.mark.parametrize("route", [r for r in SENDABLE if r.url != "/theme"], ids=_id)
def test_nothing_is_sent_without_its_token(standing: Site, route: Route) -> None:
    alice = standing.known_visitor("alice")
    answer = alice.client.post(address(standing, route), data={"username": "x", "password": "y"})
    assert answer.status_code == 400
    assert "too old" in answer.get_data(as_text=True)


@pytest.mark.parametrize("route", [r for r in SENDABLE if r.needs not in (PUBLIC, "")], ids=_id)
def test_an_ordinary_person_can_send_nothing(standing: Site, route: Route) -> None:
    bob = standing.known_visitor("bob").get("/me")
    bob.post(address(standing, route))
    assert bob.answer.status_code == 403


@pytest.mark.parametrize("route", [r for r in ROUTES if "GET" in r.methods], ids=_id)
def test_every_page_is_strict_and_keeps_nothing(standing: Site, route: Route) -> None:
    visitor = standing.visitor() if route.needs == PUBLIC else standing.known_visitor("alice")
    answer = visitor.client.get(address(standing, route))
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["Cache-Control"] == "no-store"
    if answer.mimetype == "text/html":
        assert not INLINE.search(answer.get_data(as_text=True))


def test_static_files_may_be_kept_for_ever_by_their_hash(standing: Site) -> None:
    visitor = standing.visitor().get("/sign-in")
    for url in visitor.page.xpath("//link/@href | //script/@src"):
        assert re.search(r"\?v=[0-9a-f]{12}$", url)
        with visitor.client.get(url) as answer:
            assert answer.status_code == 200
            assert "max-age=31536000" in answer.headers["Cache-Control"]

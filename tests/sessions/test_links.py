"""One-time links: once, for a while, replaced by a newer one."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from idp import sessions
from idp.changes import apply
from idp.changes.access import LINK_LIFE
from idp.changes.intents import BlockUser, IssueLink, RedeemLink, UnblockUser
from idp.directory import queries
from idp.directory.credentials import OneTimeLink
from idp.directory.errors import DirectoryError, Forbidden, Invalid
from idp.directory.values import digest
from idp.extensions import db
from tests.cast import Cast
from tests.changes.steps import refusals, together
from tests.sessions.browser import browser, redeem, sign_in, who

NEW = "a new and longer password"


def issue(people: Cast, purpose: str = "reset") -> str:
    return apply(IssueLink(people.bob.id, purpose), by=people.operator).first.secret or ""


def ended(app: Flask, token: str) -> bool:
    with pytest.raises(Forbidden) as refused:
        redeem(app, token)
    return refused.value.code == "link_ended"


def test_a_link_opens_once(app: Flask, people: Cast) -> None:
    token = issue(people, "admin")
    actor = who(app, redeem(app, token).cookie)
    assert actor
    assert (actor.id, actor.strength) == (people.bob.id, "link")
    assert ended(app, token)


def test_a_link_sets_the_password_and_ends_what_was_open(app: Flask, people: Cast) -> None:
    old = sign_in(app, "bob@northwind.example").cookie
    new = redeem(app, issue(people), NEW).cookie
    assert who(app, old) is None
    assert who(app, new)
    assert sign_in(app, "bob@northwind.example", NEW)
    with pytest.raises(Forbidden):
        sign_in(app, "bob@northwind.example")


def test_a_weak_password_leaves_the_link_open(app: Flask, people: Cast) -> None:
    token = issue(people)
    with pytest.raises(Invalid):
        redeem(app, token, "short")
    assert redeem(app, token, NEW)


def test_a_link_is_stored_as_its_hash_alone(people: Cast) -> None:
    token = issue(people)
    assert db.session.scalar(select(OneTimeLink.token_hash)) == digest(token)


@pytest.mark.parametrize("purpose", LINK_LIFE)
def test_a_link_expires(app: Flask, people: Cast, frozen: list[datetime], purpose: str) -> None:
    first, second = issue(people, purpose), ""
    frozen[0] += LINK_LIFE[purpose] - timedelta(seconds=1)
    assert redeem(app, first)
    second = issue(people, purpose)
    frozen[0] += LINK_LIFE[purpose]
    assert ended(app, second)


def test_a_newer_link_replaces_the_older(app: Flask, people: Cast) -> None:
    older, newer = issue(people), issue(people, "invite")
    assert ended(app, older)
    assert redeem(app, newer)


def test_anothers_link_is_not_replaced(app: Flask, people: Cast) -> None:
    mine = issue(people)
    apply(IssueLink(people.carol.id, "reset"), by=people.operator)
    assert redeem(app, mine)


def test_a_blocked_persons_link_stays_ended(app: Flask, people: Cast) -> None:
    token = issue(people)
    apply(BlockUser(people.bob.id), by=people.operator)
    assert ended(app, token)
    apply(UnblockUser(people.bob.id), by=people.operator)
    assert ended(app, token)


def test_no_other_text_opens(app: Flask, people: Cast) -> None:
    issue(people)
    for token in ("", "x", "\x00", "\ud800", "é" * 4000):
        assert ended(app, token)


def test_of_two_who_redeem_at_once_one_comes_in(app: Flask, people: Cast) -> None:
    for _ in range(3):
        change = RedeemLink(issue(people))
        outcomes = together(app, *([lambda c=change: apply(c, by=people.operator)] * 3))
        assert refusals(outcomes) == ["link_ended", "link_ended"]


def test_two_browsers_that_redeem_at_once_make_one_session(app: Flask, people: Cast) -> None:
    token = issue(people)

    def follow() -> str:
        with browser(app):
            return sessions.redeem(token).cookie

    outcomes = together(app, *([follow] * 4))
    cookies = [outcome for outcome in outcomes if not isinstance(outcome, DirectoryError)]
    assert len(cookies) == 1
    assert len(queries.sessions_of(people.alice, people.bob.id)) == 1


def test_of_links_issued_at_once_one_is_open(app: Flask, people: Cast) -> None:
    together(app, *([lambda: issue(people)] * 5))
    still = db.session.scalars(select(OneTimeLink).where(OneTimeLink.ended_at.is_(None))).all()
    assert len(still) == 1

"""Sessions: begun here, honoured and ended everywhere, and ended for good."""

import hashlib
from datetime import datetime, timedelta

import pytest
from flask import Flask, Response
from sqlalchemy import select, update

from idp import sessions
from idp.changes import apply
from idp.changes.intents import (
    AssignRole,
    BlockUser,
    Change,
    ChangeUser,
    DeleteUser,
    EndSession,
    EndSessions,
    IssueLink,
    SetPassword,
    StartSession,
)
from idp.clock import now
from idp.directory import queries
from idp.directory.credentials import BrowserSession, OneTimeLink
from idp.directory.errors import Forbidden, NotFound
from idp.extensions import db
from tests.cast import Cast, password_hash
from tests.sessions.browser import browser, sign_in, who

BOB = "bob@northwind.example"
LEAVING: dict[str, Change] = {
    "deactivated": ChangeUser("", {"active": False}),
    "blocked": BlockUser(""),
    "deleted": DeleteUser(""),
}


def start(people: Cast, user_id: str = "") -> tuple[str, str]:
    """A session's id and cookie, without the cost of a password."""
    later = now() + timedelta(hours=24)
    made = apply(StartSession(user_id or people.bob.id, "password", later), by=people.operator)
    return made.first.id, made.first.secret or ""


def open_doors(user_id: str) -> list[int]:
    """How many sessions and links of somebody are open."""
    db.session.rollback()
    counts = []
    for model in (BrowserSession, OneTimeLink):
        rows = select(model).where(model.user_id == user_id, model.ended_at.is_(None))
        counts.append(len(db.session.scalars(rows).all()))
    return counts


def test_whoever_signed_in_is_who_they_are(app: Flask, people: Cast) -> None:
    actor = who(app, sign_in(app, "alice@northwind.example").cookie)
    assert actor
    assert (actor.id, actor.name, actor.org_id) == (people.alice.id, "Alice Liddell", people.org)
    assert actor.can("roles.write")
    assert (actor.door, actor.strength) == ("portal", "password")


def test_a_session_remembers_from_where_it_began(app: Flask, people: Cast) -> None:
    sign_in(app, BOB)
    (view,) = queries.sessions_of(people.alice, people.bob.id)
    assert (view.ip, view.user_agent, view.strength) == ("198.51.100.7", "Lynx/2.9", "password")
    assert queries.find_user(people.alice, people.bob.id).last_sign_in == view.created


def test_the_reference_is_stored_as_its_hash_alone(app: Flask, people: Cast) -> None:
    _id, cookie = start(people)
    stored = db.session.scalar(select(BrowserSession.reference_hash))
    assert len(cookie) == 43  # 256 bits in base64
    assert stored == hashlib.sha256(cookie.encode()).hexdigest()


def test_a_cookie_of_no_session_is_nobody(app: Flask, people: Cast) -> None:
    start(people)
    for cookie in ("", "x", "é\x01", "a" * 5000):
        assert who(app, cookie) is None


def test_the_hash_itself_opens_nothing(app: Flask, people: Cast) -> None:
    start(people)
    assert who(app, db.session.scalar(select(BrowserSession.reference_hash)) or "") is None


def test_the_cookie_is_for_the_server_alone(app: Flask, people: Cast) -> None:
    with browser(app):
        answer = sessions.set_cookie(Response(), sessions.SignIn("u", "o", "reference"))
        app.config["CHAMBERLAIN"] = app.config["CHAMBERLAIN"].model_copy(
            update={"public_url": "https://id.example"}
        )
        secured = sessions.set_cookie(Response(), sessions.SignIn("u", "o", "reference"))
    plain = answer.headers["Set-Cookie"]
    assert plain.startswith("chamberlain=reference;")
    assert "HttpOnly" in plain
    assert "SameSite=Lax" in plain
    locked = secured.headers["Set-Cookie"]
    assert locked.startswith("__Host-chamberlain=reference; Secure; HttpOnly; Path=/")


def test_an_idle_session_lapses(app: Flask, people: Cast, frozen: list[datetime]) -> None:
    _id, cookie = start(people)
    frozen[0] += timedelta(minutes=480)
    assert who(app, cookie)
    frozen[0] += timedelta(minutes=480)
    assert who(app, cookie), "it was in use meanwhile"
    frozen[0] += timedelta(minutes=480, seconds=1)
    assert who(app, cookie) is None


def test_an_administrators_session_lapses_sooner(
    app: Flask, people: Cast, frozen: list[datetime]
) -> None:
    _id, cookie = start(people, people.heidi.id)
    frozen[0] += timedelta(minutes=30)
    assert who(app, cookie)
    frozen[0] += timedelta(minutes=30, seconds=1)
    assert who(app, cookie) is None


def test_whoever_becomes_an_administrator_lapses_sooner_at_once(
    app: Flask, people: Cast, frozen: list[datetime]
) -> None:
    _id, cookie = start(people)
    apply(AssignRole(people.bob.id, "global_reader"), by=people.operator)
    frozen[0] += timedelta(minutes=31)
    assert who(app, cookie) is None


@pytest.mark.parametrize("name,hours", [(BOB, 24), ("heidi@northwind.example", 8)])
def test_no_session_outlives_its_day(
    app: Flask, people: Cast, frozen: list[datetime], name: str, hours: int
) -> None:
    cookie = sign_in(app, name).cookie
    end = frozen[0] + timedelta(hours=hours)
    while frozen[0] + timedelta(minutes=30) < end:
        frozen[0] += timedelta(minutes=30)
        assert who(app, cookie)
    frozen[0] = end
    assert who(app, cookie) is None


def test_use_is_noted_once_a_minute(app: Flask, people: Cast, frozen: list[datetime]) -> None:
    _id, cookie = start(people)
    began = frozen[0]
    for seconds, seen in ((59, 0), (60, 60), (100, 60), (120, 120)):
        frozen[0] = began + timedelta(seconds=seconds)
        assert who(app, cookie)
        db.session.rollback()
        noted = db.session.scalar(select(BrowserSession.last_seen))
        assert noted == began + timedelta(seconds=seen)


def test_one_process_honours_and_ends_the_sessions_of_another(
    app: Flask, other_app: Flask, people: Cast
) -> None:
    cookie = sign_in(app, BOB).cookie
    with browser(other_app, cookie):
        actor = sessions.current_actor()
        assert actor
        assert actor.id == people.bob.id
        sessions.sign_out(Response())
    assert who(app, cookie) is None


def test_what_one_process_blocks_another_shuts_out(
    app: Flask, other_app: Flask, people: Cast
) -> None:
    _id, cookie = start(people)
    assert who(other_app, cookie)
    apply(BlockUser(people.bob.id), by=people.operator)
    assert who(other_app, cookie) is None


def test_signing_out_ends_the_session_and_takes_the_cookie(app: Flask, people: Cast) -> None:
    _id, cookie = start(people)
    with browser(app, cookie):
        answer = sessions.sign_out(Response())
        assert sessions.current_actor() is None
    assert "chamberlain=;" in answer.headers["Set-Cookie"]
    assert who(app, cookie) is None
    assert open_doors(people.bob.id) == [0, 0]


@pytest.mark.parametrize("way", LEAVING)
def test_a_leaver_loses_every_session_and_link_at_once(app: Flask, people: Cast, way: str) -> None:
    cookies = [start(people)[1], start(people)[1]]
    stays = start(people, people.carol.id)[1]
    apply(IssueLink(people.bob.id, "reset"), by=people.operator)
    leaving = type(LEAVING[way])
    fields = ({"active": False},) if leaving is ChangeUser else ()

    apply(leaving(people.bob.id, *fields), by=people.operator)

    assert open_doors(people.bob.id) == [0, 0]
    assert [who(app, cookie) for cookie in cookies] == [None, None]
    assert who(app, stays)


@pytest.mark.parametrize("way", LEAVING)
def test_a_refused_leaving_ends_nothing(app: Flask, people: Cast, way: str) -> None:
    start(people)
    apply(IssueLink(people.bob.id, "reset"), by=people.operator)
    leaving = type(LEAVING[way])
    fields = ({"active": False},) if leaving is ChangeUser else ()
    with pytest.raises(NotFound):
        apply(leaving(people.bob.id, *fields), DeleteUser("nobody"), by=people.operator)
    assert open_doors(people.bob.id) == [1, 1]


def test_a_session_that_was_missed_is_honoured_nowhere(app: Flask, people: Cast) -> None:
    session_id, cookie = start(people)
    apply(BlockUser(people.bob.id), by=people.operator)
    db.session.execute(
        update(BrowserSession).where(BrowserSession.id == session_id).values(ended_at=None)
    )
    db.session.commit()
    assert who(app, cookie) is None


def test_whoever_may_not_sign_in_starts_no_session(people: Cast) -> None:
    apply(BlockUser(people.bob.id), by=people.operator)
    with pytest.raises(Forbidden) as refused:
        start(people)
    assert refused.value.code == "user_cannot_sign_in"


def test_a_new_password_ends_the_other_sessions_and_the_links(app: Flask, people: Cast) -> None:
    kept_id, kept = start(people)
    _id, other = start(people)
    apply(IssueLink(people.bob.id, "reset"), by=people.operator)

    apply(SetPassword(people.bob.id, password_hash(), keep_session=kept_id), by=people.bob)

    assert who(app, kept)
    assert who(app, other) is None
    assert open_doors(people.bob.id) == [1, 0]


def test_a_password_from_a_source_ends_every_session_and_link(app: Flask, people: Cast) -> None:
    _id, cookie = start(people, people.erin)
    apply(IssueLink(people.erin, "invite"), by=people.operator)
    apply(ChangeUser(people.erin, {}, password_hash=password_hash()), by=people.hr)
    assert who(app, cookie) is None
    assert open_doors(people.erin) == [0, 0]


def test_ending_sessions_leaves_an_invitation(people: Cast) -> None:
    start(people)
    apply(IssueLink(people.bob.id, "invite"), by=people.operator)
    apply(EndSessions(people.bob.id), by=people.operator)
    assert open_doors(people.bob.id) == [0, 1]


def test_people_end_their_own_sessions_one_or_all_others(app: Flask, people: Cast) -> None:
    kept_id, kept = start(people)
    gone_id, gone = start(people)
    _id, third = start(people)
    apply(EndSession(gone_id), by=people.bob)
    assert (bool(who(app, gone)), bool(who(app, third))) == (False, True)
    apply(EndSessions(people.bob.id, keep_session=kept_id), by=people.bob)
    assert (bool(who(app, third)), bool(who(app, kept))) == (False, True)


def test_nobody_ends_a_colleagues_session(app: Flask, people: Cast) -> None:
    session_id, cookie = start(people, people.carol.id)
    with pytest.raises(Forbidden):
        apply(EndSession(session_id), by=people.bob)
    assert who(app, cookie)


def test_open_sessions_are_listed_without_their_reference(people: Cast) -> None:
    session_id, cookie = start(people)
    ended, _cookie = start(people)
    apply(EndSession(ended), by=people.bob)
    (view,) = queries.sessions_of(people.bob, people.bob.id)
    assert view.id == session_id
    assert cookie not in repr(view)
    with pytest.raises(Forbidden):
        queries.sessions_of(people.bob, people.carol.id)

"""Notices: open while it is so, told once at each threshold, seen by each person for themselves."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from idp.changes import alarms, apply, board, notice_kinds, outbox
from idp.changes.board import NoticesSeen
from idp.changes.followers import Follower
from idp.changes.intents import (
    AssignRole,
    CreateConnection,
    CreateStream,
    EngageBrake,
    RejectBrake,
)
from idp.changes.notices import Case, Kind, Notice, tell
from idp.changes.outbox import Delivery, mail_row
from idp.clock import now
from idp.directory.roles import ALL_PERMISSIONS
from idp.extensions import db, writing
from idp.federation import keys
from tests.cast import NOON, Cast
from tests.changes.steps import statements
from tests.changes.test_isolation import STOP
from tests.federation.partners import der_text, made_key

NAME = "token_ending"
DAY = timedelta(days=1)


def kind(*cases: Case) -> Kind:
    """A kind of which these cases hold now."""

    def produce(_session: Session, _moment: datetime) -> Iterable[Case]:
        return cases

    return replace(notice_kinds.KINDS[NAME], cases=produce, thresholds=(60, 30, 7, 1))


def told(*cases: Case) -> int:
    """How many of these cases have something new to say."""
    with writing() as session:
        return len(tell(session, NAME, kind(*cases), now()))


def rows() -> list[Notice]:
    db.session.rollback()
    return list(db.session.scalars(select(Notice).order_by(Notice.since)))


@pytest.fixture
def case(people: Cast, frozen: list[datetime]) -> Case:
    """A token of HR that ends in a hundred days."""
    args, place = {"name": "HR", "hint": "…abcd"}, {"connection_id": people.hr.id}
    return Case(people.org, "t-1", args, place, NOON + 100 * DAY)


def test_an_end_is_told_once_at_each_threshold(case: Case, frozen: list[datetime]) -> None:
    heard = []
    for count in range(100):
        frozen[0] = NOON + count * DAY
        if count >= 40 and told(case) + told(case):
            heard.append(100 - count)
    assert heard == [60, 30, 7, 1]
    assert len(rows()) == 1


def test_what_holds_without_an_end_is_told_once(case: Case, frozen: list[datetime]) -> None:
    lasting = replace(case, ends_at=None)
    assert [told(lasting), told(lasting)] == [1, 0]
    frozen[0] += 200 * DAY
    assert told(lasting) == 0


def test_what_is_gone_is_resolved_and_new_when_it_comes_back(
    case: Case, people: Cast, frozen: list[datetime]
) -> None:
    lasting = replace(case, ends_at=None)
    told(lasting)
    frozen[0] += DAY
    assert told() == 0
    assert [one.resolved_at for one in rows()] == [NOON + DAY]
    assert told(lasting) == 1
    assert [one.resolved_at for one in rows()] == [NOON + DAY, None]
    assert [len(board.now_open(people.alice)), len(board.earlier(people.alice))] == [1, 1]


def test_what_is_said_follows_the_case_without_being_told_anew(case: Case) -> None:
    told(replace(case, ends_at=None))
    assert told(replace(case, ends_at=None, args={"name": "Payroll", "hint": "x"})) == 0
    assert rows()[0].args == {"name": "Payroll", "hint": "x"}


def test_many_cases_take_no_more_statements_than_few(case: Case) -> None:
    counts = []
    for count in (3, 300):
        cases = [replace(case, key=f"{count}-{n}", ends_at=None) for n in range(count)]
        with statements() as sent:
            told(*cases)
            told(*(replace(one, args={"name": "x", "hint": "y"}) for one in cases))
            told()
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_everybody_sees_for_themselves(case: Case, people: Cast, frozen: list[datetime]) -> None:
    apply(AssignRole(people.bob.id, "global_reader"), by=people.operator)
    reader = replace(people.bob, permissions=people.alice.permissions)
    told(replace(case, ends_at=None))
    assert [board.count_new(people.alice), board.count_new(reader)] == [1, 1]
    frozen[0] += DAY
    board.see(people.alice)
    board.see(people.alice)
    assert [board.count_new(people.alice), board.count_new(reader)] == [0, 1]
    assert [one.new for one in board.now_open(people.alice)] == [False]
    frozen[0] += DAY
    told(replace(case, ends_at=None), replace(case, key="t-2", ends_at=None))
    assert board.count_new(people.alice) == 1


def test_who_may_not_see_the_thing_hears_nothing_of_it(case: Case, people: Cast) -> None:
    told(replace(case, ends_at=None))
    for actor in (people.bob, people.carol, people.heidi, people.mallory):
        assert board.count_new(actor) == 0
        assert board.now_open(actor) == []


def test_the_maker_of_something_for_a_week_has_nothing_new(case: Case, people: Cast) -> None:
    assert told(replace(case, ends_at=NOON + 6 * DAY, known_to=7)) == 0
    assert board.count_new(people.alice) == 0
    assert [one.new for one in board.now_open(people.alice)] == [False]


def test_a_stopped_system_is_a_notice_until_somebody_decides(
    people: Cast, frozen: list[datetime]
) -> None:
    stopped = apply(EngageBrake(people.hr.id, STOP), by=people.operator).first.id
    assert alarms.warn() == 1
    (notice,) = board.now_open(people.alice)
    assert (notice.kind.endpoint, notice.place) == ("portal.brake", {"connection_id": people.hr.id})
    apply(RejectBrake(people.hr.id, stopped), by=people.alice)
    alarms.warn()
    assert board.now_open(people.alice) == []


def test_a_receiver_that_takes_nothing_is_a_notice(people: Cast, frozen: list[datetime]) -> None:
    apply(CreateStream(people.hr.id, "poll"), by=people.alice)
    with writing() as session:
        session.execute(update(Follower).values(failures=3, last_error="HTTP 500"))
    assert alarms.warn() == 1
    (notice,) = board.now_open(people.alice)
    assert notice.args == {"name": "HR", "error": "HTTP 500"}


def test_mails_that_were_given_up_are_counted_and_not_mailed(
    people: Cast, frozen: list[datetime]
) -> None:
    dead = mail_row(people.org, {"to": "x"}, now()) | {"state": "dead"}
    with writing() as session:
        session.execute(insert(Delivery), [dead, dead | {"id": "2"}])
    assert alarms.warn() == 1
    assert board.now_open(people.alice)[0].args == {"count": 2}
    assert outbox.claim() == []


@pytest.mark.parametrize(
    "days, expected", [(61, None), (59, "certificate_ending"), (-1, "certificate_ended")]
)
def test_a_partners_certificate_is_watched(
    people: Cast, frozen: list[datetime], days: int, expected: str | None
) -> None:
    key = made_key("wiki", keys.EC_P256)
    partner = {"signing": [der_text(key)]}
    wiki = CreateConnection("saml", "Wiki", settings={"partner": partner}, entity_id="urn:wiki")
    apply(wiki, by=people.alice)
    frozen[0] = key.not_after - days * DAY
    alarms.warn()
    assert [one.kind for one in rows()] == ([expected] if expected else [])


def test_what_was_resolved_long_ago_is_forgotten(case: Case, frozen: list[datetime]) -> None:
    told(replace(case, ends_at=None))
    told()
    told(replace(case, ends_at=None))
    frozen[0] += board.KEPT + DAY
    assert board.sweep() == 1
    assert [one.resolved_at for one in rows()] == [None]


WORDS = {"Active", "Disabled", "Error", "Expired", "Expiring", "Pending", "Trial"}


def test_a_kind_is_told_by_permissions_that_are_there() -> None:
    for one in notice_kinds.KINDS.values():
        assert {one.sees, one.tells} - {""} <= ALL_PERMISSIONS
        assert one.state in WORDS


def test_seeing_leaves_one_row_for_each_person(people: Cast) -> None:
    for actor in (people.alice, people.alice, people.carol):
        board.see(actor)
    assert db.session.scalar(select(func.count()).select_from(NoticesSeen)) == 2

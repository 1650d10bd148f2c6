"""Status, messages, jobs: what the operator says, what our checks find, what is tried again."""

import json
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, update

from idp import jobs
from idp.changes import apply, incidents, ledger, outbox, wellbeing
from idp.changes.followers import Follower
from idp.changes.intents import RetryDelivery
from idp.changes.outbox import Delivery, mail_row
from idp.clock import now
from idp.directory.errors import Conflict, Forbidden, Invalid
from idp.extensions import writing
from portal import messages, status
from tests.cast import Cast
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site


def dead_mail(org_id: str) -> str:
    """A mail that was given up."""
    gone = {"state": "dead", "attempts": 8, "last_error": "550 no such mailbox"}
    row = mail_row(org_id, {"to": "x@example.com"}, now()) | gone
    with writing() as session:
        session.execute(insert(Delivery), row)
    return str(row["id"])


def checks(visitor: Visitor) -> dict[str, str]:
    """The checks of the status page: name and state."""
    rows = visitor.get("/status").page.xpath("//section[@aria-labelledby='checks']//li")
    words = [[part.text_content().strip() for part in row] for row in rows]
    return {said: state for state, said in words}


def state_of(visitor: Visitor, name: str) -> str:
    return next(state for said, state in checks(visitor).items() if said.startswith(name))


def test_all_is_normal_where_nothing_is_wrong(site: Site) -> None:
    bob = site.visitor("bob").get("/status")
    assert "All is normal." in bob.text
    assert set(checks(bob).values()) == {"Active"}


def test_mail_that_was_given_up_and_a_stopped_system_are_found(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.inside(lambda: dead_mail(site.cast.org))
    monkeypatch.setattr(wellbeing, "_stopped", lambda _actor: ["HR"])
    bob, alice = site.visitor("bob"), site.visitor("alice")
    assert state_of(bob, "Mail") == "Error"
    assert state_of(bob, "Systems") == "Pending"
    assert "HR" not in bob.get("/status").text
    assert "waiting for a decision: HR" in alice.get("/status").text
    assert "All is normal." not in bob.text


def test_a_worker_that_does_not_beat_is_found(people: Cast, frozen: list[datetime]) -> None:
    ledger.take_chore("sweep", timedelta(hours=1))
    assert wellbeing.health(people.bob).work_late_since is None
    frozen[0] += timedelta(hours=1) + wellbeing.BEAT + timedelta(minutes=1)
    assert wellbeing.health(people.bob).work_late_since == frozen[0] - timedelta(minutes=16)


def test_what_fails_elsewhere_is_not_ours(people: Cast) -> None:
    dead_mail(people.other_org)
    assert wellbeing.health(people.alice).mails_given_up == 0
    assert wellbeing.jobs(people.alice).dead == []


# --- incidents ----------------------------------------------------------------------------------


def test_an_incident_is_told_from_its_opening_to_its_end(site: Site) -> None:
    made = site.inside(lambda: incidents.open_incident("Mail is slow", "The provider looks."))
    bob = site.visitor("bob").get("/status")
    assert "Mail is slow" in bob.text
    assert "Degraded" in bob.text
    assert "All is normal." not in bob.text
    site.inside(lambda: incidents.update_incident(str(made), "It is quick again.", close=True))
    bob.get("/status")
    assert "Over" in bob.text
    assert bob.text.index("It is quick again.") < bob.text.index("The provider looks.")


def test_an_incident_of_one_organization_is_told_to_it_alone(people: Cast) -> None:
    incidents.open_incident("Northwind's HR", "x", org_id=people.org)
    assert len(incidents.incidents(people.bob)) == 1
    assert incidents.incidents(people.mallory) == []


def test_a_closed_incident_is_shown_for_a_month(people: Cast, frozen: list[datetime]) -> None:
    made = incidents.open_incident("x", "y")
    incidents.update_incident(made, "over", close=True)
    with pytest.raises(Conflict):
        incidents.update_incident(made, "again")
    assert len(incidents.incidents(people.bob)) == 1
    frozen[0] += incidents.SHOWN_FOR + timedelta(seconds=1)
    assert incidents.incidents(people.bob) == []


@pytest.mark.parametrize("title, text, impact", [("", "x", "outage"), ("x", " ", "outage")])
def test_an_incident_without_words_is_refused(
    app: Flask, title: str, text: str, impact: str
) -> None:
    with pytest.raises(Invalid):
        incidents.open_incident(title, text, impact=impact)
    assert incidents.all_incidents() == []


def test_the_console_opens_updates_lists_and_closes(app: Flask, people: Cast) -> None:
    run = app.test_cli_runner().invoke
    opened = run(
        args=["incident", "open", "Mail", "--text", "slow", "--org", "northwind", "--json"]
    )
    made = json.loads(opened.output)["incident"]
    assert run(args=["incident", "update", made, "still slow"]).exit_code == 0
    assert run(args=["incident", "close", made, "over", "--json"]).exit_code == 0
    (listed,) = json.loads(run(args=["incident", "list", "--json"]).output)["incidents"]
    assert (listed["status"], listed["org_id"]) == ("closed", people.org)
    assert run(args=["incident", "close", made, "again"]).exit_code == 1


# --- jobs ---------------------------------------------------------------------------------------


def test_all_quiet_where_nothing_waits(people: Cast) -> None:
    assert wellbeing.jobs(people.alice) == wellbeing.Jobs(0, [], [], [])


def test_what_was_given_up_is_tried_again_and_audited(site: Site) -> None:
    site.inside(lambda: dead_mail(site.cast.org))
    alice = site.visitor("alice").get("/jobs")
    assert "550 no such mailbox" in alice.text
    alice.submit("Try again")
    assert "It will be tried again at once." in alice.text
    assert "550 no such mailbox" not in alice.text
    assert "Tried a mail again" in alice.get("/audit").text


def test_what_is_on_its_way_is_not_tried_again(people: Cast) -> None:
    gone = dead_mail(people.org)
    assert apply(RetryDelivery(gone), by=people.alice).changed
    with pytest.raises(Conflict):
        apply(RetryDelivery(gone), by=people.alice)
    assert outbox.owed()


def test_only_who_keeps_connections_sees_and_retries(people: Cast) -> None:
    gone = dead_mail(people.org)
    with pytest.raises(Forbidden):
        wellbeing.jobs(people.carol)
    with pytest.raises(Forbidden):
        apply(RetryDelivery(gone), by=people.carol)


def test_followers_behind_and_failing_are_listed(site: Site) -> None:
    def fail() -> None:
        with writing() as session:
            session.execute(update(Follower).values(failures=2, last_error="HTTP 503"))

    site.inside(fail)
    text = site.visitor("alice").get("/jobs").text
    assert "2 tries without success. HTTP 503" in text
    assert "CRM" in text


def test_periodic_work_is_told_with_its_last_run_and_next(
    people: Cast, frozen: list[datetime]
) -> None:
    ledger.take_chore("sweep", timedelta(hours=1))
    (chore,) = wellbeing.jobs(people.alice).chores
    assert chore == ("sweep", frozen[0], frozen[0] + timedelta(hours=1))


def test_all_periodic_work_has_words() -> None:
    assert jobs.CHORES.keys() <= status.CHORES.keys()


# --- messages -----------------------------------------------------------------------------------


def test_the_changelog_is_what_the_messages_say(site: Site) -> None:
    bob = site.visitor("bob").get("/messages")
    assert "Version 0.1.0" in bob.text
    assert "People and groups arrive by SCIM 2.0" in bob.text
    assert "`" not in bob.text


def test_a_changelog_is_read_with_dates_and_impact() -> None:
    text = """# Changelog
## 0.2.0 (2027-01-05)
- Breaking: the setting `X` is gone; see
  [the page](docs/x.md).
- More of this.
## 0.1.0 (2026-12-01)
- Security: a hole is closed.
"""
    first, second = messages.read(text)
    assert (first.version, first.date) == ("0.2.0", "2027-01-05")
    assert [(m.impact, m.text) for m in first.messages] == [
        ("Breaking", "the setting X is gone; see the page."),
        ("New", "More of this."),
    ]
    assert second.messages[0].impact == "Security"

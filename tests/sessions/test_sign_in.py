"""Signing in by name and password: the same answer to every stranger, and patience that grows."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import func, select, update

from idp.changes import apply, ledger
from idp.changes.audit import AuditEntry
from idp.changes.intents import BlockUser, ChangeUser, CreateUser, DeleteUser
from idp.directory import passwords
from idp.directory.credentials import Credential
from idp.directory.errors import DirectoryError, Forbidden, Invalid, TooMany
from idp.extensions import db
from tests.cast import PASSWORD, Cast
from tests.changes.steps import somebody, together
from tests.sessions.browser import HOME, browser, sign_in, who

BOB = "bob@northwind.example"
WRONG = "not the password at all"


def failure(app: Flask, name: str, password: str = WRONG, address: str = HOME) -> DirectoryError:
    with pytest.raises(DirectoryError) as refused:
        sign_in(app, name, password, address)
    return refused.value


def test_the_right_password_opens(app: Flask, people: Cast) -> None:
    signed_in = sign_in(app, BOB)
    assert (signed_in.user_id, signed_in.org_id) == (people.bob.id, people.org)
    assert who(app, signed_in.cookie)


def test_a_name_may_be_written_in_any_form(app: Flask, people: Cast) -> None:
    for name in ("BOB@Northwind.Example", " bob@northwind.example ", "ｂob@northwind.example"):
        assert sign_in(app, name).user_id == people.bob.id


class Recorder(PasswordHasher):
    """Notes what it is asked to verify."""

    asked: list[tuple[str, str]]

    def verify(self, hash: Any, password: Any) -> Any:
        self.asked.append((hash, password))
        return super().verify(hash, password)


def test_every_stranger_is_answered_alike(
    app: Flask, people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(time_cost=1, memory_cost=64, parallelism=1)
    recorder.asked = []
    monkeypatch.setattr(passwords, "_hasher", recorder)
    nobody = somebody(people.operator, "nopassword@northwind.example")
    somebody(people.operator, "twice")
    somebody(people.other_operator, "twice")
    apply(DeleteUser(people.carol.id), by=people.operator)
    strangers = [
        BOB,
        "unknown@northwind.example",
        "unknown@nowhere.example",
        "nopassword@northwind.example",
        "carol@northwind.example",
        "twice",
        "",
        "\x00",
        "\ud800",
        "a" * 10_000,
        "' OR 1=1 --",
    ]
    answers = {(f.code, f.sentence, f.kind) for f in (failure(app, name) for name in strangers)}
    assert answers == {
        ("sign_in_failed", "The user name or the password is not right.", "forbidden")
    }
    assert [password for _hash, password in recorder.asked] == [WRONG] * len(strangers)
    assert all(stored.startswith("$argon2id$") for stored, _password in recorder.asked)
    assert nobody


def test_a_password_that_cannot_be_is_wrong(app: Flask, people: Cast) -> None:
    for password in ("", "\x00", "\ud800" * 12, "x" * 100_000):
        assert failure(app, BOB, password, f"203.0.113.{len(password) % 250}").code == (
            "sign_in_failed"
        )
        ledger.sweep()


def test_a_password_is_the_same_however_its_accents_are_typed(app: Flask, people: Cast) -> None:
    composed, decomposed = "caf\u00e9 au lait \u00e0 midi", "cafe\u0301 au lait a\u0300 midi"
    hashed = passwords.hash_password(composed)
    fields = {"userName": "dora@northwind.example"}
    apply(CreateUser(fields, password_hash=hashed), by=people.operator)
    assert sign_in(app, "dora@northwind.example", decomposed)


def test_whoever_was_shut_out_is_told_only_with_the_right_password(
    app: Flask, people: Cast
) -> None:
    apply(BlockUser(people.bob.id), by=people.operator)
    apply(ChangeUser(people.carol.id, {"active": False}), by=people.operator)
    for name in (BOB, "carol@northwind.example"):
        assert failure(app, name).code == "sign_in_failed"
        assert failure(app, name, PASSWORD).code == "user_cannot_sign_in"


def test_a_sign_in_is_audited_without_the_password(app: Flask, people: Cast) -> None:
    sign_in(app, BOB)
    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.org_id == people.org).order_by(AuditEntry.seq.desc())
    ).first()
    assert entry
    assert (entry.action, entry.door, entry.actor_id) == (
        "session.started",
        "signin",
        people.bob.id,
    )
    assert PASSWORD not in entry.diff


def test_a_hash_of_another_cost_is_renewed_at_sign_in(app: Flask, people: Cast) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("old one")
    mine = Credential.user_id == people.bob.id
    db.session.execute(update(Credential).where(mine).values(secret_hash=cheap))
    db.session.commit()
    first = sign_in(app, BOB, "old one").cookie  # too short today; it was accepted once

    renewed = db.session.scalar(select(Credential.secret_hash).where(mine)) or ""
    assert renewed != cheap
    assert not passwords.needs_rehash(renewed)
    assert passwords.verify_password(renewed, "old one")
    sign_in(app, BOB, "old one")
    assert db.session.scalar(select(Credential.secret_hash).where(mine)) == renewed
    assert who(app, first), "a stronger hash of the same password ends no session"


def test_a_hash_of_todays_cost_stays(app: Flask, people: Cast) -> None:
    mine = select(Credential.secret_hash).where(Credential.user_id == people.bob.id)
    before = db.session.scalar(mine)
    sign_in(app, BOB)
    assert db.session.scalar(mine) == before


def test_patience_grows_with_every_failure(app: Flask, frozen: list[datetime]) -> None:
    keys = {"account:a": 5}
    waits = []
    for _ in range(18):
        assert ledger.attempt(keys) == timedelta(0)
        wait = ledger.attempt(keys)
        waits.append(wait.total_seconds())
        frozen[0] += wait
    assert waits[:4] == [0, 0, 0, 0] or waits[0] == 0
    grown = [wait for wait in waits if wait]
    assert grown[:6] == [1, 2, 4, 8, 16, 32]
    assert max(grown) == 15 * 60


def test_an_account_is_throttled_and_says_for_how_long(
    app: Flask, people: Cast, frozen: list[datetime]
) -> None:
    for n in range(5):
        assert failure(app, BOB, address=f"192.0.{n}.1").code == "sign_in_failed"
    refused = failure(app, BOB, PASSWORD, address="203.0.113.9")
    assert isinstance(refused, TooMany)
    assert (refused.code, refused.retry_after) == ("sign_in_throttled", 1)
    assert sign_in(app, "carol@northwind.example")
    frozen[0] += timedelta(seconds=1)
    assert sign_in(app, BOB)


def test_an_unknown_account_is_throttled_alike(app: Flask, people: Cast) -> None:
    codes = [failure(app, "unknown@northwind.example").code for _ in range(6)]
    assert codes == ["sign_in_failed"] * 5 + ["sign_in_throttled"]


def test_other_forms_of_a_name_are_one_account(app: Flask, people: Cast) -> None:
    forms = [BOB, BOB.upper(), f" {BOB}", "ｂob@northwind.example", BOB.title()]
    for name in forms:
        assert failure(app, name).code == "sign_in_failed"
    assert failure(app, BOB).code == "sign_in_throttled"


def test_a_network_is_throttled_over_all_accounts(app: Flask, frozen: list[datetime]) -> None:
    with browser(app):
        for n in range(50):
            assert not ledger.attempt({f"account:{n}": 5, "network:198.51.100.0/24": 50})
        assert ledger.attempt({"account:99": 5, "network:198.51.100.0/24": 50})
        assert not ledger.attempt({"account:99": 5, "network:203.0.113.0/24": 50})


def test_a_network_is_what_one_attacker_has_at_hand(app: Flask, people: Cast) -> None:
    for address in ("198.51.100.1", "198.51.100.250", "2001:db8:1:2::1", "2001:db8:1:2:ffff::9"):
        failure(app, "unknown", address=address)
    networks = db.session.scalars(
        select(ledger.Throttle.key).where(ledger.Throttle.key.startswith("network:"))
    ).all()
    assert sorted(networks) == ["network:198.51.100.0/24", "network:2001:db8:1:2::/64"]


def test_success_forgives_the_account_and_one_failure_of_the_network(
    app: Flask, people: Cast
) -> None:
    for _ in range(4):
        failure(app, BOB)
    sign_in(app, BOB)
    kept = {
        row.key.partition(":")[0]: row.failures
        for row in db.session.scalars(select(ledger.Throttle))
    }
    assert kept == {"network": 4}


def test_failures_are_forgotten_after_a_day(app: Flask, frozen: list[datetime]) -> None:
    for _ in range(4):
        ledger.attempt({"account:a": 5})
    frozen[0] += timedelta(hours=24, seconds=1)
    ledger.attempt({"account:a": 5})
    db.session.rollback()
    assert db.session.scalar(select(ledger.Throttle.failures)) == 1


def test_another_process_counts_on(app: Flask, other_app: Flask, people: Cast) -> None:
    for server in (app, other_app, app, other_app, app):
        assert failure(server, BOB).code == "sign_in_failed"
    assert failure(other_app, BOB, PASSWORD).code == "sign_in_throttled"


def test_guesses_at_once_are_counted_each(app: Flask, people: Cast) -> None:
    outcomes = together(app, *(lambda: ledger.attempt({"account:a": 5}) for _ in range(20)))
    assert sum(not wait for wait in outcomes) == 5
    db.session.rollback()
    assert db.session.scalar(select(ledger.Throttle.failures)) == 5


def test_what_was_typed_as_a_name_is_not_kept(app: Flask, people: Cast) -> None:
    failure(app, "my secret password")
    keys = db.session.scalars(select(ledger.Throttle.key)).all()
    assert not [key for key in keys if "secret" in key]
    assert (
        db.session.scalar(
            select(func.count())
            .select_from(AuditEntry)
            .where(AuditEntry.action == "sign_in_failed")
        )
        == 0
    )


@pytest.mark.parametrize(
    "password,code",
    [
        ("short", "password_too_short"),
        ("x" * 257, "password_too_long"),
        ("Password2024!?.,", "password_common"),
        ("aaaaaaaaaaaaaaaa", "password_common"),
        ("northwindnorthwind", "password_personal"),
        ("\ud800 and so forth", "password_unusable"),
    ],
)
def test_a_password_that_would_be_guessed_is_refused(password: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        passwords.hash_password(password, "bob.nunez@northwind.example", "Bob Núñez")
    assert (refused.value.code, refused.value.attribute) == (code, "password")


@pytest.mark.parametrize(
    "password", ["x y z long enough", "пароль подлиннее", "🐎🔋📎 correct staple"]
)
def test_a_long_password_of_any_script_is_accepted(password: str) -> None:
    assert passwords.verify_password(passwords.hash_password(password), password)


def test_signing_in_forbids_no_other_error(app: Flask, people: Cast) -> None:
    with pytest.raises(Forbidden):
        sign_in(app, BOB, WRONG)

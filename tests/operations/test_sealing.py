"""Secrets at rest: opened by the key that sealed them, or one in whose ring it stands."""

import pytest
from flask import Flask

from idp import sealing
from idp.changes import ledger
from idp.extensions import db


def use(app: Flask, keys: str) -> None:
    app.extensions["chamberlain_ring"] = sealing.ring(keys)


def test_what_is_sealed_is_unsealed(sqlite_app: Flask) -> None:
    sealed = sealing.seal("Größe".encode())
    assert "Größe" not in sealed
    assert sealing.unseal(sealed).decode() == "Größe"
    assert sealing.seal(b"x") != sealing.seal(b"x")


def test_another_key_opens_nothing(sqlite_app: Flask) -> None:
    sealed = sealing.seal(b"secret")
    use(sqlite_app, sealing.make_key())
    with pytest.raises(sealing.WrongMasterKey):
        sealing.unseal(sealed)


@pytest.mark.parametrize("damaged", ["", "x", "gAAAA", "\x00"])
def test_a_damaged_secret_opens_nothing(sqlite_app: Flask, damaged: str) -> None:
    with pytest.raises(sealing.WrongMasterKey):
        sealing.unseal(damaged)


def test_a_new_key_in_front_seals_while_the_old_still_opens(sqlite_app: Flask) -> None:
    old, new = sealing.make_key(), sealing.make_key()
    use(sqlite_app, old)
    sealed = sealing.seal(b"before")
    use(sqlite_app, f"{new}, {old}")
    assert sealing.unseal(sealed) == b"before"
    later = sealing.seal(b"after")
    use(sqlite_app, new)
    assert sealing.unseal(later) == b"after"


def test_the_first_start_leaves_a_probe_that_the_right_key_alone_opens(app: Flask) -> None:
    ledger.check_master_key()
    ledger.check_master_key()
    use(app, sealing.make_key())
    db.session.rollback()
    with pytest.raises(sealing.WrongMasterKey):
        ledger.check_master_key()

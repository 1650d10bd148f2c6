"""What went wrong is a page: what happened, whether anything changed, what to do, and a number."""

from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from idp.app import create_app
from idp.changes import ledger
from idp.directory import queries
from tests.conftest import settings_for
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site


def test_a_missing_page_tells_its_code_and_number(alice: Visitor) -> None:
    alice.get("/nowhere")
    assert alice.answer.status_code == 404
    assert "page_not_found" in alice.text
    assert alice.answer.headers["X-Request-Id"] in alice.text


def test_a_missing_page_stands_alone_for_who_is_not_signed_in(site: Site) -> None:
    nobody = site.visitor().get("/nowhere")
    assert nobody.answer.status_code == 404
    assert not nobody.page.xpath("//nav")


def test_a_refusal_names_the_roles_and_who_gives_them(site: Site, bob: Visitor) -> None:
    bob.get("/identity/provisioning")
    assert bob.answer.status_code == 403
    assert "connections.read" in bob.text
    assert "Federation and Domain Administrator" in bob.text
    assert "A Global Administrator can assign it to you." in bob.text


def test_a_wrong_method_is_told(alice: Visitor) -> None:
    alice.get("/theme")
    assert alice.answer.status_code == 405
    assert "wrong_method" in alice.text


def test_too_large_a_form_is_told(site: Site, alice: Visitor) -> None:
    alice.get("/identity/applications/new")
    alice.submit("Add the application", name="x", metadata="x" * 3_000_000)
    assert alice.answer.status_code == 413
    assert "At most 2 MB." in alice.text


def test_a_fault_of_ours_is_a_page_with_a_number(
    alice: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(queries, "groups_of", broken)
    alice.get("/me")
    assert alice.answer.status_code == 500
    assert alice.answer.headers["X-Request-Id"] in alice.text
    assert "secret detail" not in alice.answer.get_data(as_text=True)


def test_a_store_that_cannot_answer_is_a_page_with_a_time(
    site: Site, alice: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object, **__: object) -> None:
        raise OperationalError("select", {}, Exception("database is locked"))

    monkeypatch.setattr(ledger, "attempt", locked)
    nobody = site.visitor().sign_in("bob@northwind.example")
    assert nobody.answer.status_code == 503
    assert int(nobody.answer.headers["Retry-After"]) >= 1
    assert "nothing was changed" in nobody.text


def test_the_mailbox_exists_only_in_the_demo(sqlite_url: str, tmp_path: Path, site: Site) -> None:
    url = site.app.config["SQLALCHEMY_DATABASE_URI"]
    app = create_app(settings_for(url, tmp_path / "plain"))
    plain = Visitor(app.test_client()).sign_in("alice@northwind.example")
    assert "Mailbox" not in plain.get("/home").page.text_content()
    assert plain.get("/demo/mailbox").answer.status_code == 404

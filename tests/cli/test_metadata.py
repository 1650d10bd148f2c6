"""Metadata from an address: what is fetched, and what is refused."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import click
import pytest

from idp.cli import metadata
from tests.cli.conftest import Run
from tests.federation.partners import ENTITY, sp_metadata


class Partner(BaseHTTPRequestHandler):
    """A partner's web server, with pages that lead elsewhere or never end."""

    def do_GET(self) -> None:
        """Answer by path."""
        there = {
            "/away": "http://localhost:1/",
            "/moved": "/metadata",
            "/out": "https://a.example/",
        }
        if self.path in there:
            self.send_response(302)
            self.send_header("Location", there[self.path])
            self.end_headers()
            return
        self.send_response(404 if self.path == "/missing" else 200)
        self.end_headers()
        self.wfile.write(b" " * (metadata.LIMIT + 1) if self.path == "/huge" else sp_metadata())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def partner() -> Iterator[str]:
    """The partner's address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Partner) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_application_is_registered_by_address(partner: str, run: Run) -> None:
    address = f"{partner}/moved"

    data = run("app", "saml", "northwind", "Wiki", "--metadata", address, "--json").data

    assert data["entity_id"] == ENTITY


@pytest.mark.parametrize("path", ["/away", "/out"])
def test_another_host_is_not_followed(partner: str, path: str) -> None:
    with pytest.raises(click.ClickException, match="give that address if it is the right one"):
        metadata.read(f"{partner}{path}")


def test_too_much_is_not_read(partner: str) -> None:
    with pytest.raises(click.ClickException, match="larger than 1 MiB"):
        metadata.read(f"{partner}/huge")


def test_an_error_page_is_no_metadata(partner: str) -> None:
    with pytest.raises(click.ClickException, match="Not Found"):
        metadata.read(f"{partner}/missing")


def test_proxies_are_not_asked_for_this_machine(
    partner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    assert metadata.read(f"{partner}/metadata") == sp_metadata()


@pytest.mark.parametrize(
    "address",
    [
        "http://sp.example/metadata",
        "http://127.0.0.1.sp.example/",
        "ftp://127.0.0.1/metadata",
        "file:///etc/hostname",
        "https://",
        "http://[::1/",
    ],
)
def test_an_address_must_be_safe_to_read_from(address: str) -> None:
    with pytest.raises(click.BadParameter):
        metadata.read(address)


def test_nobody_there_is_a_sentence(run: Run) -> None:
    ran = run("app", "saml", "northwind", "Wiki", "--metadata", "http://127.0.0.1:1/")

    assert ran.code == 1
    assert ran.err.startswith("Error: Cannot fetch http://127.0.0.1:1/:")


def test_a_missing_file_is_a_sentence(run: Run) -> None:
    ran = run("app", "saml", "northwind", "Wiki", "--metadata", "/nowhere/sp.xml")

    assert (ran.code, ran.err) == (
        1,
        "Error: Cannot read /nowhere/sp.xml: No such file or directory.\n",
    )

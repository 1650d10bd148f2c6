"""HTTP to the outside: what may be reached, and what an answer may do."""

import ipaddress
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from idp import outgoing
from idp.outgoing import Allowed, Session, Unreached, check_literal, is_public, read_allowed
from tests import counterparts

NOBODY = Allowed()
LOOPBACK = read_allowed("127.0.0.0/8")


@contextmanager
def server(answer: bytes, *, tls: Path | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """Says the same to everybody and keeps what it was asked; then closes."""
    asked: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))
    context = None
    if tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tls / "cert.pem", tls / "key.pem")

    def serve() -> None:
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            try:
                with plain, context.wrap_socket(plain, True) if context else plain as peer:
                    asked.append(peer.recv(65536))
                    peer.sendall(answer)
            except OSError:
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}", asked
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def ok(body: bytes = b"{}", *more: bytes) -> bytes:
    head = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), b"Connection: close", *more]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def refusal(url: str, allowed: Allowed = NOBODY) -> str:
    with pytest.raises(Unreached) as refused, Session(url, allowed) as session:
        session.send("GET", url)
    assert refused.value.sentence
    return refused.value.code


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example/scim",
        "ftp://app.example",
        "https://user:secret@app.example",
        "https://app.example/#part",
        "https://app.example/a b",
        "https://app.example\\@127.0.0.1/",
        "https:///scim",
        "https://app.example:99999/",
        "https://[::1",
        "",
    ],
)
def test_no_web_address_is_refused(url: str) -> None:
    assert refusal(url) == "address_refused"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "0.0.0.0",  # noqa: S104
        "100.64.0.1",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[::7f00:1]",
        "[::5db8:d822]",
        "224.0.0.1",
    ],
)
def test_private_addresses_are_refused_however_they_are_written(host: str) -> None:
    assert refusal(f"https://{host}/") == "address_refused"


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00::1]", "2130706433", "0x7f.1", "[::1]"])
def test_a_private_address_that_is_written_out_needs_no_look_up(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.delattr(socket, "getaddrinfo")
    with pytest.raises(Unreached) as refused:
        check_literal(f"https://{host}/scim", NOBODY)
    assert "CHAMBERLAIN_OUTGOING_ALLOW" in refused.value.sentence
    for url in ("https://app.example/scim", "https://93.184.216.34/scim"):
        check_literal(url, NOBODY)
    check_literal("http://127.0.0.1:8080/scim", LOOPBACK)


def test_public_addresses_are_public() -> None:
    for text in ("93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"):
        assert is_public(ipaddress.ip_address(text))


def test_a_name_that_mixes_public_and_private_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def mixed(_host: str, port: int, **_more: Any) -> list[Any]:
        return [(0, 0, 0, "", (ip, port)) for ip in ("93.184.216.34", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", mixed)
    assert refusal("https://app.example/") == "address_refused"


def test_a_name_is_looked_up_once_and_the_judged_address_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_up: list[str] = []

    def once(host: str, port: int, **_more: Any) -> list[Any]:
        looked_up.append(host)
        return [(0, 0, 0, "", ("127.0.0.1", port))]

    with server(ok()) as (place, asked):
        port = place.rpartition(":")[2]
        url, allowed = f"http://app.example:{port}/scim", read_allowed(f"app.example:{port}")
        real = outgoing.socket.getaddrinfo
        monkeypatch.setattr(
            outgoing.socket,
            "getaddrinfo",
            lambda host, *a, **k: once(host, *a, **k) if "app" in host else real(host, *a, **k),
        )
        with Session(url, allowed) as session:
            assert session.send("GET", url).json() == {}
            assert session.send("GET", url).status == 200
    assert looked_up == ["app.example"]
    assert b"Host: app.example:" in asked[0]


def test_an_allowed_port_allows_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = read_allowed("localhost:8443, 10.1.0.0/16")
    assert refusal("http://localhost:8080/", allowed) == "address_refused"
    assert refusal("https://localhost:8080/", allowed) == "address_refused"
    assert refusal("http://10.2.0.1/", allowed) == "address_refused"


def test_redirects_are_not_followed() -> None:
    said = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    with server(said) as (place, asked):
        assert refusal(f"http://{place}/", LOOPBACK) == "redirected"
        assert len(asked) == 1


def test_another_origin_is_not_asked_in_the_same_session() -> None:
    with (
        server(ok()) as (place, _),
        Session(f"http://{place}/", LOOPBACK) as session,
        pytest.raises(Unreached) as refused,
    ):
        session.send("GET", "http://127.0.0.2/", headers={"Authorization": "Bearer secret"})
    assert refused.value.code == "redirected"


def test_an_answer_has_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "SIZE_LIMIT", 1000)
    with server(ok(b"x" * 1001)) as (place, _):
        assert refusal(f"http://{place}/", LOOPBACK) == "answer_too_large"


def test_who_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "READ_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert refusal(f"http://127.0.0.1:{silent.getsockname()[1]}/", LOOPBACK) == "timed_out"


def test_an_answer_that_is_no_http_is_a_broken_connection() -> None:
    with server(b"SSH-2.0-OpenSSH\r\n") as (place, _):
        assert refusal(f"http://{place}/", LOOPBACK) == "connection_failed"


def test_it_says_who_it_is_and_keeps_no_cookies() -> None:
    said = ok(b"{}", b"Set-Cookie: a=b")
    with server(said) as (place, asked), Session(f"http://{place}/", LOOPBACK) as session:
        session.send("GET", f"http://{place}/one")
        session.send("GET", f"http://{place}/two")
    assert b"User-Agent: Chamberlain" in asked[0]
    assert b"Cookie" not in asked[1]


def test_environment_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    with server(ok()) as (place, _), Session(f"http://{place}/", LOOPBACK) as session:
        assert session.send("GET", f"http://{place}/").status == 200


def test_a_certificate_must_be_of_the_name_that_was_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Path(counterparts.__file__).with_name("tls-ca.sh")
    subprocess.run([str(script), str(tmp_path)], check=True)
    with server(ok(), tls=tmp_path) as (place, _):
        assert refusal(f"https://{place}/", LOOPBACK) == "tls_failed"  # nobody we know signed it
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        with Session(f"https://{place}/", LOOPBACK) as session:
            assert session.send("GET", f"https://{place}/").status == 200
        wrong = f"https://127.0.0.3:{place.rpartition(':')[2]}/"
        real = socket.getaddrinfo
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda h, *a, **k: real(h.replace(".3", ".1"), *a, **k)
        )
        assert refusal(wrong, LOOPBACK) == "tls_failed"

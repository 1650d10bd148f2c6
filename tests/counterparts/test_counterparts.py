"""The counterparts themselves: they start, stay apart, and nothing outlives a run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
import requests

from tests import counterparts

METADATA = """\
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="http://127.0.0.1:9/idp">
 <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
  <KeyDescriptor use="signing">
   <KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">
    <X509Data><X509Certificate>{certificate}</X509Certificate></X509Data>
   </KeyInfo>
  </KeyDescriptor>
  <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
    Location="http://127.0.0.1:9/sso"/>
 </IDPSSODescriptor>
</EntityDescriptor>
"""


@pytest.fixture(scope="module")
def idp_metadata(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("idp")
    script = Path(counterparts.__file__).with_name("tls-ca.sh")
    subprocess.run([str(script), str(directory)], check=True)
    certificate = "".join((directory / "cert.pem").read_text().splitlines()[1:-1])
    file = directory / "metadata.xml"
    file.write_text(METADATA.format(certificate=certificate))
    return file


def _connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def _fill(url: str) -> None:
    with _connect(url) as connection:
        connection.execute("CREATE TABLE thing (id int PRIMARY KEY)")


def test_fresh_databases_share_a_schema_and_no_rows() -> None:
    server = counterparts.postgres()
    counterparts.template_database(server, "things", _fill)
    for _ in range(2):
        with (
            counterparts.fresh_database(server, "things") as url,
            _connect(url) as connection,
        ):
            connection.execute("INSERT INTO thing VALUES (1)")


@pytest.mark.parametrize("sign_requests", [False, True])
@pytest.mark.parametrize("kind", ["shibboleth_sp", "node_saml_sp"])
def test_service_provider_asks_and_takes_encrypted_answers(
    kind: str, sign_requests: bool, idp_metadata: Path
) -> None:
    with getattr(counterparts, kind)(idp_metadata, sign_requests=sign_requests) as sp:
        metadata = sp.metadata_file.read_text()
        answer = requests.get(sp.start_url, allow_redirects=False)
    assert sp.entity_id in metadata
    assert sp.acs_url in metadata
    assert 'use="encryption"' in metadata
    asked = urlsplit(answer.headers["location"])
    assert asked.netloc == "127.0.0.1:9"
    assert parse_qs(asked.query).keys() >= {"SAMLRequest"}
    assert ("Signature" in parse_qs(asked.query)) is sign_requests


def test_service_provider_refuses_what_is_no_answer(idp_metadata: Path) -> None:
    with counterparts.node_saml_sp(idp_metadata) as sp:
        answer = requests.post(sp.acs_url, data={"SAMLResponse": "PGEvPg=="})
    assert answer.status_code == 401
    assert answer.text.startswith("refused: ")


def test_browser_shows_a_page_and_reaches_no_other_host() -> None:
    with counterparts.chromium() as browser:
        page = browser.new_page()
        page.set_content("<h1>Here</h1>")
        assert page.inner_text("h1") == "Here"
        with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
            page.goto("http://example.test/")


def test_nothing_outlives_a_killed_run() -> None:
    counterparts.require("postgres")
    program = (
        "from tests import counterparts as c; print(c.postgres(), c.run_dir(), flush=True); input()"
    )
    # A run of its own, beside this one.
    environment = {k: v for k, v in os.environ.items() if k != "PYTEST_XDIST_TESTRUNUID"}
    run = subprocess.Popen(
        [sys.executable, "-c", program],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with run:
        assert run.stdout
        url, directory = run.stdout.readline().split()
        run.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while Path(directory).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(directory).exists()
    with pytest.raises(psycopg.OperationalError):
        _connect(url)

"""An orderly end: what a server process has gathered is written before it is gone."""

from pathlib import Path

import httpx2
import pytest

from tests.flows.product import running

pytestmark = pytest.mark.slow


def test_the_journal_is_written_when_the_server_is_told_to_end(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'chamberlain.db'}"
    with running(url, tmp_path, journal_seconds="60") as product:
        admin = ("--domain", "northwind.example", "--admin", "admin@northwind.example")
        product.flask("org", "create", "Northwind", *admin)
        token = product.flask("scim", "connect", "northwind", "HR")["token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx2.get(f"{product.origin}/scim/v2/Users?count=0", headers=headers)
        assert answer.status_code == 200
        assert product.flask("scim", "journal", "northwind", "HR")["requests"] == []
    told = product.flask("scim", "journal", "northwind", "HR")["requests"]
    assert [one["path"] for one in told] == ["/Users?count=0"]

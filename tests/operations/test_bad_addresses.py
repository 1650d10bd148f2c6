"""Addresses that nobody would type: refused, never a failure of the server."""

import re

from flask import Flask

from tests.cast import Cast
from tests.sessions.browser import sign_in

PARAMETERS = (
    "q text cursor action about actor door before state next username role kind page startIndex "
    "count sortBy attributes filter"
)


def addresses(app: Flask, sign: str) -> set[str]:
    """Every address that can be asked for, with a sign in each variable part and parameter."""
    query = "&".join(f"{name}={sign}" for name in PARAMETERS.split())
    found = {
        re.sub(r"<[^>]+>", sign, rule.rule)
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ())
    }
    return found | {f"{address}?{query}" for address in found}


def test_signs_that_no_database_holds_fail_nowhere(app: Flask, people: Cast) -> None:
    client = app.test_client()
    client.set_cookie("chamberlain", sign_in(app, "alice@northwind.example").cookie)
    failed = []
    for sign in ("%00", "%ED%A0%80", "'", "%25", "%F0%9F%90%8E", "-1", "9" * 30):
        for address in sorted(addresses(app, sign)):
            for headers in ({}, {"Authorization": f"Bearer {people.token}"}):
                status = client.get(address, headers=headers).status_code
                if status >= 500 and status != 501:
                    failed.append((address, status))
    assert failed == []

"""A system's event stream in the portal: begun, held, ended; what is wrong is said at its field."""

import pytest

from tests.portal.browsing import Visitor
from tests.portal.conftest import Site


@pytest.fixture
def events(site: Site, alice: Visitor) -> str:
    """Where HR's events are, after the furnished stream has ended."""
    url = f"/identity/provisioning/{site.cast.hr.id}/events"
    alice.get(f"{url}/delete").submit("End the stream")
    assert "is told no more" in alice.text
    return url


def test_a_stream_is_begun_held_and_resumed(alice: Visitor, events: str) -> None:
    assert "No event stream" in alice.get(events).text
    alice.get(f"{events}/new").submit("Begin the stream", groups="Lyon\nSales")
    assert "members of Lyon, Sales" in alice.text
    assert "/scim/v2/Feeds/" in alice.page.xpath("string(//*[@id='feed'])")
    alice.submit("Pause")
    assert "nothing is lost" in alice.text
    alice.submit("Resume")
    assert "goes on" in alice.text


@pytest.mark.parametrize(
    "fields,sentence",
    [
        ({"delivery": "push"}, "Give the receiver's https address."),
        ({"delivery": "push", "endpoint": "ftp://x"}, "Give the receiver's https address."),
        ({"groups": "Nowhere"}, "There is no group 'Nowhere'."),
        ({"groups": "\n".join(map(str, range(60)))}, "At most 50 groups."),
        ({"detail": "all"}, "Not a valid choice"),
    ],
)
def test_a_wrong_stream_is_refused(
    alice: Visitor, events: str, fields: dict[str, str], sentence: str
) -> None:
    alice.get(f"{events}/new").submit("Begin the stream", **fields)
    assert alice.answer.status_code == 422
    assert sentence in alice.text


def test_the_receivers_secret_is_never_shown_again(alice: Visitor, events: str) -> None:
    sent = {"delivery": "push", "endpoint": "https://siem.example/set", "authorization": "sesame"}
    alice.get(f"{events}/new").submit("Begin the stream", **sent)
    assert "https://siem.example/set" in alice.text
    assert "sesame" not in alice.get(events).answer.get_data(as_text=True)

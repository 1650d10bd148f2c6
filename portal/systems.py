"""The pages of one provisioning system, as its navigation shows them.

A page is added by one line here; `parts/system.html` draws the head and the tabs of them all.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tab:
    """A page of a system: its word, its endpoint (which takes `connection_id`), what it needs."""

    word: str
    endpoint: str
    needs: str = "connections.read"
    counts: str = ""  # the field of the connection whose number stands beside the word


TABS = (
    Tab("Overview", "portal.connection"),
    Tab("Journal", "portal.journal_page"),
    Tab("Brake", "portal.brake"),
    Tab("Waiting", "portal.links", counts="waiting"),
    Tab("Events", "portal.stream"),
    Tab("OAuth", "portal.oauth"),
    Tab("Settings", "portal.connection_settings", "connections.write"),
)

"""The pages of one provisioning system, as its navigation shows them.

A page is added by one line here; `parts/system.html` draws the head and the tabs of them all.
"""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True, slots=True)
class Tab:
    """A page of a system: its word, its endpoint (which takes `connection_id`), what it needs."""

    word: str
    endpoint: str
    needs: str = "connections.read"
    counts: str = ""  # the field of the connection whose number stands beside the word


TABS = (
    Tab(_l("Overview"), "portal.connection"),
    Tab(_l("Journal"), "portal.journal_page"),
    Tab(_l("Brake"), "portal.brake"),
    Tab(_l("Waiting"), "portal.links", counts="waiting"),
    Tab(_l("Events"), "portal.stream"),
    Tab("OAuth", "portal.oauth"),
    Tab(_l("Settings"), "portal.connection_settings", "connections.write"),
)

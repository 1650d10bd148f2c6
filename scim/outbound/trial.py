"""Try a target: are we let in, and what does it say that it can do."""

from collections.abc import Mapping
from dataclasses import dataclass

from idp.directory.targets import TargetSettings
from idp.outgoing import Allowed
from scim.outbound.abilities import discover
from scim.outbound.client import Client, Halted, Refused


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it, in a sentence, and what was found as (name, value)."""

    ok: bool
    sentence: str
    found: tuple[tuple[str, str], ...] = ()


def try_target(settings: TargetSettings, secrets: Mapping[str, str], allowed: Allowed) -> Trial:
    """Ask for a list of one person and for what it can do; nothing is written there."""
    try:
        with Client(settings, secrets, allowed) as client:
            found = discover(client)
    except (Halted, Refused) as error:
        return Trial(False, error.sentence)
    words = {True: "yes", False: "no", None: "not said"}
    lines = [(label, words[found.get(name)]) for name, label in _SHOWN]
    attributes = found.get("attributes")
    lines.append(("Attributes of a person", str(len(attributes)) if attributes else "not said"))
    return Trial(True, "The application lets us in.", tuple(lines))


_SHOWN = (
    ("patch", "Changes by PATCH"),
    ("filter", "Search"),
    ("bulk", "Bulk"),
    ("etag", "ETags"),
)

"""The first run: as long as no organization is here, a one-time address founds the first.

    open_address   make a key for the address; its hash alone is kept, for a day
    may_found      whether a key is good, and nobody was quicker; guesses are slowed down
    FirstRun       what the first organization is founded with, complete before anything is stored
    owe_test_mail  does mail leave?

Whoever starts the server can read what it prints: that is the proof of being its operator.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert

from idp.changes import ledger
from idp.changes.outbox import Delivery, mail_row
from idp.clock import new_id, now
from idp.directory.actors import Actor
from idp.directory.errors import Invalid, TooMany
from idp.directory.queries import organization_ids
from idp.directory.values import domain_name, domain_of
from idp.extensions import writing

LIFE_MINUTES = 24 * 60
FREE_GUESSES = 10  # of one network
TEST_PURPOSE = "test"
_PARKED_AS = "setup"  # in the place of an organization: there is none yet


@dataclass(frozen=True, slots=True)
class FirstRun:
    """The first organization and its administrator. The ids are made before, so that whoever
    sends it twice founds one."""

    organization: str
    domain: str
    user_name: str
    country: str = ""
    given_name: str = ""
    family_name: str = ""
    email: str = ""
    password_hash: str | None = field(default=None, repr=False)
    org_id: str = field(default_factory=new_id)
    admin_id: str = field(default_factory=new_id)

    @property
    def person(self) -> Mapping[str, Any]:
        """The fields of the administrator."""
        mails = [{"value": self.email, "type": "work", "primary": True}] if self.email else []
        fields = {
            "userName": self.user_name,
            "name.givenName": self.given_name,
            "name.familyName": self.family_name,
            "displayName": f"{self.given_name} {self.family_name}".strip(),
            "emails": mails,
        }
        return {path: value for path, value in fields.items() if value}


def user_name_in(domain: str, name: str) -> str:
    """`name`, with the domain put behind it where it has none. Raises Invalid (user_name_foreign,
    domain_malformed)."""
    domain, name = domain_name(domain), name.strip()
    whole = name if "@" in name else f"{name}@{domain}"
    if domain_of(whole) != domain:
        raise Invalid("user_name_foreign", f"{whole} is not in {domain}.", attribute="userName")
    return whole


def is_open() -> bool:
    """Whether nobody has founded anything here yet."""
    return not organization_ids()


def open_address(public_url: str) -> str:
    """A fresh address of the set-up. Raises WrongMasterKey."""
    ledger.check_master_key()
    return f"{public_url}/setup/{ledger.park(_PARKED_AS, {}, LIFE_MINUTES)}"


def may_found(key: str, network: str) -> bool:
    """Whether a key opens the set-up. Raises TooMany (setup_throttled) for who guesses."""
    held = ledger.parked(key)
    if held is not None and held[0] == _PARKED_AS:
        return is_open()
    wait = ledger.attempt({f"setup:{network}": FREE_GUESSES})
    if wait:
        raise _slower(max(1, round(wait.total_seconds())))
    return False


def _slower(seconds: int) -> TooMany:
    refused = TooMany("setup_throttled", f"Too many attempts. Try again in {seconds} seconds.")
    refused.retry_after = seconds
    return refused


def owe_test_mail(actor: Actor, address: str) -> None:
    """Owe a mail that only shows that mail leaves. Raises Forbidden, TooMany."""
    actor.need("roles.write")
    wait = ledger.attempt({f"setup:mail:{actor.id}": 5})
    if wait:
        raise _slower(max(1, round(wait.total_seconds())))
    mail = {"to": address, "purpose": TEST_PURPOSE, "user_id": actor.id}
    with writing() as session:
        session.execute(insert(Delivery), mail_row(actor.org_id, mail, now()))

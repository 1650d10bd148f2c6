"""What can go wrong at a border, and who has to hear of it.

A request whose sender's registered address is unknown or unproven ends on a page of ours
(`Unanswerable`); any other refusal travels to the partner as a SAML status (`Refusal`).
"""

from idp.directory.errors import DirectoryError, Invalid

from . import uris


class MessageRefused(Invalid):
    """XML or its packing that cannot be accepted: broken, oversized, or with a DOCTYPE."""


class MetadataRefused(Invalid):
    """A partner's metadata that cannot be used; the sentence tells their administrator why."""

    def __init__(self, code: str, sentence: str, *, cause: str = "") -> None:
        super().__init__(code, sentence, cause=cause, attribute="metadata")


class SignatureRefused(Invalid):
    """A signature that is missing, malformed, by another key, or over something else."""


class Unanswerable(DirectoryError):
    """Shown to the person in the browser with status 400, never sent to an unproven address."""


class UnknownHere(Unanswerable):
    """There is nothing at this address."""

    kind = "not_found"


class Refusal(Exception):
    """An answer to a partner that says no: SAML core §3.2.2.2, a top status and one below it."""

    def __init__(self, top: str, second: str, sentence: str) -> None:
        super().__init__(f"{second.rpartition(':')[2]}: {sentence}")
        self.top = top
        self.second = second
        self.sentence = sentence


def at_our_end(second: str, sentence: str) -> Refusal:
    """The request was sound and we cannot or will not do it (top status Responder)."""
    return Refusal(uris.STATUS_RESPONDER, second, sentence)


def at_their_end(second: str, sentence: str) -> Refusal:
    """The request asks for what it may not or what nobody offers (top status Requester)."""
    return Refusal(uris.STATUS_REQUESTER, second, sentence)

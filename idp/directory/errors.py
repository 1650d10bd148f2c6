"""What can go wrong, as errors with a stable code, a sentence for the reader and a private cause.

Doors translate `kind` into their protocol (HTTP status, SCIM scimType, SAML status); nobody
below the doors knows those. `cause` is for the log and never reaches a client.
"""

from collections.abc import Sequence


class DirectoryError(Exception):
    """A refusal. `index` is the place of the refused change in its batch, where there is one.

    `also` holds what else was refused of the batch at the same step, each with its own index.
    """

    kind = "invalid"

    def __init__(
        self, code: str, sentence: str, *, cause: str = "", attribute: str = "", owner: str = ""
    ) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence
        self.cause = cause
        self.attribute = attribute
        self.owner = owner
        self.index: int | None = None
        self.also: tuple[DirectoryError, ...] = ()

    def at(self, index: int | None) -> "DirectoryError":
        """The same error, knowing which change of the batch it speaks of."""
        if self.index is None:
            self.index = index
        return self


class Invalid(DirectoryError):
    """The value itself cannot be accepted."""

    kind = "invalid"


class Forbidden(DirectoryError):
    """The actor may not do this, or another source owns what it would change."""

    kind = "forbidden"


class NotFound(DirectoryError):
    """No such thing in the actor's organization (also said of other organizations' things)."""

    kind = "not_found"


class Conflict(DirectoryError):
    """The change contradicts what is there: a taken name, the last administrator, a cycle."""

    kind = "conflict"


class Stale(DirectoryError):
    """The thing was changed since the actor read it (optimistic version)."""

    kind = "stale"


class TooMany(DirectoryError):
    """A limit is reached; later, or less at once, may succeed. `retry_after` is in seconds."""

    kind = "too_many"
    retry_after = 1


class Unavailable(DirectoryError):
    """The store cannot answer now (locked, full, unreachable); nothing was written."""

    kind = "unavailable"


def raise_all(refusals: Sequence[DirectoryError]) -> None:
    """Raise the first of these refusals, which then tells the others; nothing where none is."""
    if refusals:
        first, *others = refusals
        first.also = tuple(others)
        raise first from None


def not_found(what: str) -> NotFound:
    """The one wording for a missing thing: it never tells whether another organization has it."""
    return NotFound(f"{what}_not_found", f"There is no such {what.replace('_', ' ')}.")

"""What the help says of one error code: why it comes, what to do, who can help."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

YOURSELF = _("You can put this right yourself.")
ADMINISTRATOR = _("An administrator of your organization can help.")
GLOBAL = _("A Global Administrator of your organization can help.")
KEEPER = _(
    "A Global Administrator, or a Federation and Domain Administrator, of your organization can "
    "help."
)
PARTNER = _("Whoever runs the other system can help; give them the code and the request’s number.")
OPERATOR = _("The operator of this installation can help; the log has the request’s number.")


@dataclass(frozen=True, slots=True)
class Explained:
    """Cause, cure and who can help, in the reader's language."""

    cause: LazyString
    todo: LazyString
    who: LazyString


def same(explained: Explained, codes: str) -> dict[str, Explained]:
    """One explanation for several codes, given in one text."""
    return dict.fromkeys(codes.split(), explained)

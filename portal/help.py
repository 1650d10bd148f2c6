"""Help: questions, symptoms, a search over both; and every error code, explained."""

from flask import Response, request

from idp.directory.actors import Actor
from idp.directory.errors import not_found
from portal import faq
from portal.explained import CODES
from portal.frame import page


def help_page(actor: Actor) -> Response:
    """What is asked often, and what to do about what one sees; or what a search finds of it."""
    text = request.args.get("q", "").strip()[: faq.LONGEST]
    return page(
        "help/help.html",
        actor,
        text=text,
        questions=faq.matching(faq.QUESTIONS, text),
        symptoms=faq.matching(faq.SYMPTOMS, text),
        codes=_codes(text) if text else [],
        code_count=len(CODES),
    )


def _codes(text: str) -> list[str]:
    """The codes that a search names, as they are written or with spaces."""
    wanted = text.casefold().replace(" ", "_")
    return sorted(code for code in CODES if wanted in code)


def help_code(actor: Actor, code: str) -> Response:
    """Why an error comes, what to do, and who can help."""
    if code not in CODES:
        raise not_found("page")
    return page("help/code.html", actor, code=code, explained=CODES[code])


def help_codes(actor: Actor) -> Response:
    """All codes, by name."""
    return page("help/codes.html", actor, codes=sorted(CODES.items()))

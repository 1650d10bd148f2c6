"""Pages: what people and administrators see and do in a browser.

    routes        one table: address, methods, view, permission; the guard asks who is signed in
    a GET         view → `idp.directory.queries` (or the audit) → template, inside `frame.page`
    a POST        form → change → `idp.changes.apply` → redirect; a refusal becomes a sentence
                  beside its field (`forms.Refusals`), or on the page that a button was on (`act`)
    rail, frame   what stands around a page; `words`, `labels` how values are said
    languages     which language a page speaks; its sentences come from `translations`
    errors        pages for what went wrong: what, whether anything changed, what to do

A view decides nothing: permissions, ownership and rules live in the write path and the queries,
and what a page leaves out is left out only so that nobody is offered what would be refused.
Every page works without JavaScript; htmx adds search as one types.
"""

from flask import Flask

from portal import api, frame, languages
from portal.errors import answer_failure, answer_http_error, answer_refusal
from portal.routes import blueprint

__all__ = ["answer_failure", "answer_http_error", "answer_refusal", "bind"]


def bind(app: Flask) -> None:
    """Add the pages to the application."""
    languages.bind(app)
    frame.bind(app)
    app.register_blueprint(blueprint)
    api.bind(app)

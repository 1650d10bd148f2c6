"""What the portal's forms share: refusals put beside their field, answers after a POST, inputs.

A POST goes form → change → `apply` → redirect (303). A refusal becomes a sentence beside the field
that it speaks of, and the form is shown again with status 422; a button without a form says it on
the page that it came from.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from flask import flash, redirect
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import Field

from idp.changes import apply
from idp.changes.intents import Change
from idp.directory.actors import Actor
from idp.directory.errors import DirectoryError
from portal.labels import label
from portal.refusals import said as sentence_of

_FOR_THE_FORM = frozenset({"invalid", "forbidden", "conflict", "stale"})


class Refusals:
    """`with Refusals(form):` a refusal inside becomes a sentence beside its field.

    `fields` says which field of the form stands for which attribute. What is no fault of the form
    (nothing there, a store that cannot answer) passes on to the error pages.
    """

    def __init__(self, form: FlaskForm, fields: Mapping[str, str] | None = None) -> None:
        self.form = form
        self.fields = fields or {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, DirectoryError) or error.kind not in _FOR_THE_FORM:
            return False
        name = self.fields.get(error.attribute, error.attribute)
        if name and name in self.form:
            self.form[name].errors = [*self.form[name].errors, sentence_of(error.sentence)]
        else:
            self.form.form_errors.append(_with_place(error))
        return True


def _with_place(error: DirectoryError) -> str:
    place = label(error.attribute) if error.attribute else ""
    return f"{place}: {sentence_of(error.sentence)}" if place else sentence_of(error.sentence)


def status_of(form: FlaskForm) -> int:
    """422 for a form that comes back with errors, 200 for one that is shown first."""
    return HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK


def go(url: str, said: str = "") -> Response:
    """See another page (303), with a sentence of what was done."""
    if said:
        flash(said, "good")
    return redirect(url, 303)


def refused(error: DirectoryError, back: str) -> Response:
    """Back to the page that the button was on, which says why nothing was changed."""
    if error.kind not in _FOR_THE_FORM:
        raise error
    flash(_("Nothing was changed. %(sentence)s", sentence=sentence_of(error.sentence)), "bad")
    return redirect(back, 303)


def act(*changes: Change, by: Actor, said: str, back: str, here: str = "") -> Response:
    """A button: make the changes and go back, saying so; or stay `here`, saying why not."""
    try:
        outcome = apply(*changes, by=by)
    except DirectoryError as error:
        return refused(error, here or back)
    return go(back, said if outcome.changed else _("Nothing had to be changed."))


def options(words: Mapping[str, Any]) -> Callable[[], dict[str, str]]:
    """Choices of a field by their keys, put into words anew for each reader."""
    return lambda: {key: str(word) for key, word in words.items()}


def input_attributes(
    field: Field, kind: str, described_by: str, given: Mapping[str, Any]
) -> dict[str, Any]:
    """The HTML attributes of an input: its class, its help and errors by id, what the page adds."""
    attributes: dict[str, Any] = {"class": f"{kind} is-invalid" if field.errors else kind}
    if described_by:
        attributes["aria-describedby"] = described_by
    if field.errors:
        attributes["aria-invalid"] = "true"
    return attributes | dict(given)

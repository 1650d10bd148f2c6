"""Assignments from a file: user name, part number, plans off; tried out before, told after."""

import csv
import io
from dataclasses import dataclass

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import TextAreaField

from idp.changes.each import apply_each
from idp.changes.intents import AssignLicense
from idp.directory.actors import Actor
from idp.directory.errors import Invalid
from idp.importing import files
from idp.importing.files import Line
from idp.licensing import queries
from idp.licensing.products import ProductView
from portal.forms import Refusals, status_of
from portal.frame import page
from portal.refusals import said as sentence_of

MOST, LONGEST = 2_000, 1024 * 1024  # rows, bytes
_TITLES = {"user name", "username", "user_name", "benutzername"}


class ImportForm(FlaskForm):
    """A file, or its text."""

    file = FileField(_l("CSV file"))
    text = TextAreaField(_l("Or its lines"))


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the file with what came, or would come, of it."""

    number: int
    user_name: str
    part_number: str
    plans_off: tuple[str, ...]
    refused: str = ""

    @property
    def cells(self) -> list[str]:
        """The line as it was, to be corrected and sent again."""
        return [self.user_name, self.part_number, " ".join(self.plans_off)]


def license_import(actor: Actor) -> Response:
    """Read the file, try it out, and import it."""
    form, rows, step = ImportForm(), list[Row](), request.form.get("step", "")
    done = False
    if form.validate_on_submit():
        with Refusals(form):
            _encoding, form.text.data = files.decoded(_content(form))
            rows = _judged(actor, _read(form.text.data), rehearse=step != "import")
            done = step == "import"
    wrong = [row for row in rows if row.refused]
    return page(
        "licenses/import.html",
        actor,
        status_of(form),
        form=form,
        rows=rows,
        wrong=wrong,
        again="\n".join(_line(row) for row in wrong),
        done=done,
        back=url_for("portal.licenses"),
    )


def _content(form: ImportForm) -> bytes:
    upload = form.file.data
    raw: bytes = upload.read(LONGEST + 1) if upload else b""
    if len(raw) > LONGEST:
        raise Invalid("file_too_long", "The file is longer than 1 MB.", attribute="file")
    return raw or (form.text.data or "").encode()


def _read(text: str) -> list[Row]:
    """The rows of a CSV text, whatever separates its columns; a heading is passed over."""
    lines = [one for one in files.rows_of(text, files.delimiter_of(text)) if any(one.cells)]
    if lines and lines[0].cells[0].strip().lower() in _TITLES:
        lines = lines[1:]
    if not lines:
        raise Invalid("file_empty", "There is no line to import.", attribute="text")
    if len(lines) > MOST:
        most = f"At most {MOST:,} lines at once."
        raise Invalid("too_many_rows", most, attribute="file")
    return [_row(one) for one in lines]


def _row(line: Line) -> Row:
    name, sku, off = ([cell.strip() for cell in line.cells] + ["", "", ""])[:3]
    return Row(line.number, name, sku, tuple(off.replace(",", " ").replace(";", " ").split()))


def _judged(actor: Actor, rows: list[Row], *, rehearse: bool) -> list[Row]:
    """Each row with its refusal, if it is one; the others are made, or only tried out."""
    people = queries.people_by_names(actor, {row.user_name for row in rows})
    products = {one.sku.part_number.upper(): one for one in queries.products(actor)}
    sound = [row for row in rows if not _unknown(row, people, products)]
    units = [
        (
            AssignLicense(
                products[row.part_number.upper()].sku.id,
                people[row.user_name].id,
                None,
                row.plans_off,
            ),
        )
        for row in sound
    ]
    each = apply_each(units, actor, dry_run=rehearse)
    refused = {
        sound[place].number: sentence_of(error.sentence) for place, error in each.refused.items()
    }
    refused |= {row.number: said for row in rows if (said := _unknown(row, people, products))}
    return [
        Row(row.number, row.user_name, row.part_number, row.plans_off, refused.get(row.number, ""))
        for row in rows
    ]


def _unknown(row: Row, people: object, products: dict[str, ProductView]) -> str:
    if row.user_name not in people:  # type: ignore[operator]
        return str(_("Nobody here has this user name."))
    if row.part_number.upper() not in products:
        return str(_("Your organization has no product with this part number."))
    return ""


def _line(row: Row) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(row.cells)
    return out.getvalue()

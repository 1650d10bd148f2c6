"""Invoices as PDF: the only file that meets ReportLab. Text stays text, to be selected and found.

The standard fonts know Western European letters alone. DejaVu or Noto is used where the machine
has it, so that every name prints; what a font lacks becomes a question mark, never a wrong letter.
"""

from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from markupsafe import escape
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from idp.licensing.invoiced import InvoiceView
from portal.billing_words import postal
from portal.languages import number
from portal.words import date_text, money

_FONTS = (
    Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
    Path("/usr/share/fonts/TTF/DejaVuSans.ttf"),
    Path("/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf"),
)
_INK, _MUTED, _LINE = (colors.HexColor(one) for one in ("#1c2024", "#585e66", "#e1e1db"))
_WIDTHS = (76 * mm, 42 * mm, 16 * mm, 20 * mm, 26 * mm)


@cache
def _font() -> str:
    """The name of a font that knows as many letters as can be had here."""
    for path in _FONTS:
        try:
            pdfmetrics.registerFont(TTFont("Chamberlain", str(path)))
        except (TTFError, OSError):
            continue
        return "Chamberlain"
    return "Helvetica"


def _style(size: float = 9, **more: Any) -> ParagraphStyle:
    given = {"fontName": _font(), "fontSize": size, "leading": size * 1.4, "textColor": _INK}
    return ParagraphStyle("text", **(given | more))


def _said(text: object, style: ParagraphStyle | None = None) -> Paragraph:
    """A text as it is: nothing in it is markup."""
    shown = str(text)
    if _font() == "Helvetica":
        shown = shown.encode("cp1252", "replace").decode("cp1252")
    return Paragraph(str(escape(shown)).replace("\n", "<br/>"), style or _style())


def invoice(one: InvoiceView, credited: InvoiceView | None) -> bytes:
    """An invoice or credit note as a PDF document."""
    out = BytesIO()
    title = (
        _("Credit note %(number)s", number=one.number)
        if credited
        else _("Invoice %(number)s", number=one.number)
    )
    paper = SimpleDocTemplate(
        out,
        pagesize=A4,
        title=title,
        author="Chamberlain",
        leftMargin=15 * mm,
        rightMargin=15 * mm,
        topMargin=18 * mm,
        bottomMargin=18 * mm,
    )
    parts: list[Flowable] = [_said(title, _style(17)), Spacer(1, 6 * mm), _facts(one, credited)]
    parts += [Spacer(1, 8 * mm), _lines(one), Spacer(1, 6 * mm)]
    if one.word in ("Void", "Paid", "Credited"):
        parts.append(_said(_(one.word), _style(13)))
    paper.build(parts)
    return out.getvalue()


def _facts(one: InvoiceView, credited: InvoiceView | None) -> Table:
    facts = [
        (_("Billed to"), postal(one.billed_to)),
        (_("Issued"), date_text(one.issued_at)),
        (_("Due"), date_text(one.due_at) if one.kind == "invoice" else ""),
        (_("Purchase order"), one.purchase_order),
        (_("Credits"), credited.number if credited else ""),
    ]
    rows = [
        [_said(label, _style(9, textColor=_MUTED)), _said(value)] for label, value in facts if value
    ]
    table = Table(rows, colWidths=(40 * mm, 140 * mm), hAlign="LEFT")
    table.setStyle(
        TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, -1), 0)])
    )
    return table


def _lines(one: InvoiceView) -> Table:
    right = _style(9, alignment=2)
    head = _style(8, textColor=_MUTED)
    rows = [
        [
            _said(_("Description"), head),
            _said(_("Period"), head),
            _said(_("Units"), _style(8, textColor=_MUTED, alignment=2)),
            _said(_("Price"), _style(8, textColor=_MUTED, alignment=2)),
            _said(_("Amount"), _style(8, textColor=_MUTED, alignment=2)),
        ]
    ]
    for line in one.lines:
        period = f"{date_text(line.period_start)} – {date_text(line.period_end)}"
        rows.append(
            [
                _said(line.description),
                _said(period),
                _said(number(line.quantity), right),
                _said(money(line.unit_minor, one.currency), right),
                _said(money(line.amount_minor, one.currency), right),
            ]
        )
    total = money(one.total_minor, one.currency)
    rows.append(["", "", "", _said(_("Total"), _style(11)), _said(total, _style(11, alignment=2))])
    table = Table(rows, colWidths=_WIDTHS, repeatRows=1, hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, _INK),
                ("LINEBELOW", (0, 1), (-1, -2), 0.4, _LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (0, -1), 0),
            ]
        )
    )
    return table

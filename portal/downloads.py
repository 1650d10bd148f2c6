"""Files that a browser keeps and nobody on the way does."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import BinaryIO

from flask import Response, send_file

from idp import spreadsheet
from idp.clock import now


def table(rows: Iterable[Sequence[object]], name: str) -> Response:
    """A few rows as a file."""
    return send(BytesIO(b"".join(spreadsheet.lines(rows))), name)


def send(file: BinaryIO, name: str) -> Response:
    """A whole CSV file, named for what it is and the day."""
    answer = send_file(
        file,
        mimetype="text/csv; charset=utf-8; header=present",
        as_attachment=True,
        download_name=f"{name}-{now():%Y-%m-%d}.csv",
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer

"""The file again, each row with what became of it; it can be mapped and given back as it is."""

from collections.abc import Iterable, Iterator, Mapping

from idp.importing.columns import ID, STATUS
from idp.importing.files import Table
from idp.importing.run import RowResult


def rows(
    table: Table, mapping: Mapping[int, str], told: Iterable[RowResult]
) -> Iterator[list[object]]:
    """The headings, then every row: the cells as given, then status, code, message and id.

    Columns that an earlier result file added are replaced; where a column holds ids, it is kept.
    """
    known = {one.number: one for one in told}
    place = next((number for number, meant in mapping.items() if meant == ID), None)
    left_out = {n for n, name in enumerate(table.header) if name.casefold() in STATUS}
    shown = [n for n in range(len(table.header)) if n not in left_out]
    yield [*(table.header[n] for n in shown), *STATUS, *([] if place is not None else [ID])]
    for line in table.lines:
        one = known.get(line.number, RowResult(line.number, "waiting"))
        cells: list[object] = [line.cells[n] if n < len(line.cells) else "" for n in shown]
        if place is not None and one.user_id:
            cells[shown.index(place)] = one.user_id
        yield [
            *cells,
            one.status,
            one.code,
            one.message,
            *([] if place is not None else [one.user_id]),
        ]

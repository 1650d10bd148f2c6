"""Charts: the geometry is right, and what is drawn can be read by everybody."""

from itertools import pairwise

import pytest
from flask import render_template_string
from lxml import html

from portal.charts import HEIGHT, Chart, Series, bars, lines
from tests.portal.conftest import Site

DAYS = ["1 Dec", "2 Dec", "3 Dec", "4 Dec"]
DONE = Series("Signed in", [10, 0, 4, 20])
REFUSED = Series("Refused", [2, 0, 0, 5], "bad")


def days() -> Chart:
    return bars("days", "Sign-ins", "A bar for each day.", DAYS, [DONE, REFUSED])


def test_bars_stand_on_each_other_and_on_the_ground() -> None:
    first, second = (bar for bar in days().bars if bar.label == "1 Dec")
    assert first.y + first.height == HEIGHT
    assert second.y + second.height == pytest.approx(first.y)
    assert first.height == pytest.approx(5 * second.height, rel=0.01)


def test_a_day_of_nothing_has_no_bar() -> None:
    assert {bar.label for bar in days().bars} == {"1 Dec", "3 Dec", "4 Dec"}


@pytest.mark.parametrize(
    "highest, expected",
    [(0, [0, 1]), (1, [0, 1]), (7, [0, 2, 4, 6, 8]), (25, [0, 10, 20, 30]), (4_100, 5)],
)
def test_the_grid_has_a_few_round_figures(highest: int, expected: list[int] | int) -> None:
    grid = [value for value, _y in bars("a", "", "", ["x"], [Series("s", [highest])]).grid]
    assert grid == expected if isinstance(expected, list) else len(grid) <= expected
    assert grid[-1] >= highest


def test_everything_is_drawn_within_the_plot() -> None:
    it = bars("a", "", "", [str(n) for n in range(30)], [Series("s", [n * n for n in range(30)])])
    assert all(0 <= bar.y <= HEIGHT and bar.x + bar.width <= 100 for bar in it.bars)
    assert len(it.words) <= 6
    assert all(after - before > 10 for (_, before), (_, after) in pairwise(it.words))


def test_a_line_stops_where_nothing_is_known() -> None:
    it = lines("a", "", "", DAYS, [Series("Used", [1, None, 3, 4])])
    assert [dot.label for dot in it.dots] == ["1 Dec", "3 Dec", "4 Dec"]
    assert [(line.x1, line.x2) for line in it.strokes] == [(66.667, 100.0)]


def test_steps_hold_until_the_next_figure() -> None:
    flat, rise = lines("a", "", "", ["x", "y"], [Series("Units", [5, 10])], steps=True).strokes
    assert (flat.y1, flat.x2) == (flat.y2, 100)
    assert (rise.x1, rise.y1) == (rise.x2, flat.y2)


def test_one_or_no_figure_is_no_fault() -> None:
    assert lines("a", "", "", ["x"], [Series("s", [3])]).dots[0].x == 50
    assert lines("a", "", "", [], [Series("s", [])]).dots == []
    assert bars("a", "", "", [], []).bars == []


def drawn(site: Site, it: Chart) -> html.HtmlElement:
    """The chart and its table, as the macros draw them."""
    text = (
        "{% from 'parts/chart.html' import chart, figures %}"
        "<main>{{ chart(it) }}{{ figures(it, 'Day') }}</main>"
    )
    with site.app.test_request_context():
        return html.fromstring(render_template_string(text, it=it))


def test_a_chart_is_told_and_its_figures_stand_beside_it(standing: Site) -> None:
    page = drawn(standing, days())
    ids = page.xpath("string(//svg/@aria-labelledby)").split()
    assert [page.xpath(f"string(//*[@id='{one}'])") for one in ids] == [
        "Sign-ins",
        "A bar for each day.",
    ]
    rows = [[cell.text_content() for cell in row] for row in page.xpath("//tbody/tr")]
    assert rows[0] == ["1 Dec", "10", "2"]
    assert len(rows) == len(DAYS)


def test_words_of_others_do_no_harm(standing: Site) -> None:
    evil = '"><script>alert(1)</script>'
    page = drawn(standing, bars("a", evil, evil, [evil], [Series(evil, [1])]))
    assert not page.xpath("//script")
    assert not page.xpath("//@style")

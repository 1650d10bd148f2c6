"""Charts as geometry: figures in, places of bars, strokes and words out; nothing of Flask or SVG.

`bars` stacks one bar for each label; `lines` draws each series over the labels. The macro `chart`
of `parts/chart.html` draws what comes back, and `figures` of it as the table beside. Across,
places are percentages, so that the words keep their size on a narrow screen; down, pixels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

HEIGHT = 200  # pixels of the plot; the words of the axis stand below it
_HEADROOM = 12  # above the highest line of the grid, for its figure
_GRID_LINES = 4  # at most, above the ground
_WORDS = 6  # at most, along the axis
_BAR = 0.7  # of the place that a label has


@dataclass(frozen=True, slots=True)
class Series:
    """One figure for each label, None where it is not known.

    `tone` is "accent", "good", "warn", "bad" or "calm": a look that differs by more than colour.
    """

    name: str
    values: Sequence[int | None]
    tone: str = "accent"


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a bar, and what it stands for."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    label: str
    name: str
    value: int


@dataclass(frozen=True, slots=True)
class Stroke:
    """A straight part of a line."""

    x1: float
    y1: float
    x2: float
    y2: float
    tone: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of a line, and what it stands for."""

    x: float
    y: float
    tone: str
    label: str
    name: str
    value: int


@dataclass(frozen=True, slots=True)
class Chart:
    """All that is drawn. `grid` is (figure, y), `words` is (label, x); `id` is unique on a page."""

    id: str
    title: str
    description: str
    labels: Sequence[str]
    series: Sequence[Series]
    grid: Sequence[tuple[int, float]]
    words: Sequence[tuple[str, float]]
    bars: Sequence[Bar] = ()
    strokes: Sequence[Stroke] = ()
    dots: Sequence[Dot] = ()

    @property
    def rows(self) -> list[tuple[str, list[int | None]]]:
        """The figures as a table: a label, and the figure of each series."""
        return [
            (label, [one.values[place] for one in self.series])
            for place, label in enumerate(self.labels)
        ]


def bars(
    id_: str, title: str, description: str, labels: Sequence[str], series: Sequence[Series]
) -> Chart:
    """One bar for each label, with a part for each series, the first at the bottom."""
    heights = [sum(one.values[i] or 0 for one in series) for i in range(len(labels))]
    grid = _grid(max(heights, default=0))
    top = grid[-1][0]
    slot = 100 / max(len(labels), 1)
    drawn = [
        bar
        for place in range(len(labels))
        for bar in _stack(place, slot, top, labels[place], series)
    ]
    words = _words(labels, [(place + 0.5) * slot for place in range(len(labels))])
    return Chart(id_, title, description, labels, series, grid, words, bars=drawn)


def lines(
    id_: str,
    title: str,
    description: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    steps: bool = False,
) -> Chart:
    """A line for each series; with `steps`, a figure holds until the next one."""
    top_value = max((value or 0 for one in series for value in one.values), default=0)
    grid = _grid(top_value)
    top = grid[-1][0]
    apart = 100 / max(len(labels) - 1, 1)
    places = [place * apart if labels[1:] else 50.0 for place in range(len(labels))]
    dots = [dot for one in series for dot in _dots(one, labels, places, top)]
    strokes = [stroke for one in series for stroke in _strokes(one, places, top, steps)]
    words = _words(labels, places)
    return Chart(id_, title, description, labels, series, grid, words, strokes=strokes, dots=dots)


def _stack(
    place: int, slot: float, top: int, label: str, series: Sequence[Series]
) -> Iterator[Bar]:
    ground = 0
    left, width = round((place + (1 - _BAR) / 2) * slot, 3), round(slot * _BAR, 3)
    for one in series:
        value = one.values[place] or 0
        if value:
            upper, lower = _y(ground + value, top), _y(ground, top)
            yield Bar(left, upper, width, lower - upper, one.tone, label, one.name, value)
        ground += value


def _dots(one: Series, labels: Sequence[str], places: Sequence[float], top: int) -> Iterator[Dot]:
    for label, x, value in zip(labels, places, one.values, strict=True):
        if value is not None:
            yield Dot(round(x, 3), _y(value, top), one.tone, label, one.name, value)


def _strokes(one: Series, places: Sequence[float], top: int, steps: bool) -> Iterator[Stroke]:
    points = zip(places, one.values, strict=True)
    for (x1, before), (x2, after) in pairwise(points):
        if before is None or after is None:
            continue  # what is not known is not drawn
        left, right = round(x1, 3), round(x2, 3)
        y1, y2 = _y(before, top), _y(after, top)
        if steps:
            yield Stroke(left, y1, right, y1, one.tone)
            yield Stroke(right, y1, right, y2, one.tone)
        else:
            yield Stroke(left, y1, right, y2, one.tone)


def _y(value: int, top: int) -> float:
    """Pixels from the top of the plot."""
    return round(HEIGHT - value / top * (HEIGHT - _HEADROOM), 1)


def _grid(highest: int) -> list[tuple[int, float]]:
    """The ground and a few round figures up to the highest, or just above it."""
    step = next(s for s in _round_figures() if s * _GRID_LINES >= highest)
    count = max(1, -(-highest // step))
    return [(step * n, _y(step * n, step * count)) for n in range(count + 1)]


def _round_figures() -> Iterator[int]:
    size = 1
    while True:
        yield from (size, 2 * size, 5 * size)
        size *= 10


def _words(labels: Sequence[str], places: Sequence[float]) -> list[tuple[str, float]]:
    """Some of the labels, evenly apart, so that they do not run into each other."""
    every = -(-len(labels) // _WORDS) or 1
    return [(labels[i], round(places[i], 3)) for i in range(0, len(labels), every)]

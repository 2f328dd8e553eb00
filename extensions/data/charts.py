"""The charts: one drawing function each, over the tables that its decorator names, in two colour sets of one palette.

A function gets the axes, the colours and its tables; `draw` does the rest. Text is at least 22 units high in a chart 640 units wide, so that
it can be read at half the size on a phone or a page. Lines are labelled where they end, never in a box.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Callable

import matplotlib
from matplotlib import font_manager
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

FONTS = Path(__file__).parents[2] / "theme/fonts"
LIGHT = SimpleNamespace(
    paper="#ffffff", ink="#1a1a1a", soft="#5f5f5f", grid="#dddddd", red="#8c1c13", blue="#2f5d7c", ochre="#9a6b12", grey="#b9b4ab"
)
DARK = SimpleNamespace(
    paper="#16181b", ink="#ececec", soft="#b4b4b4", grid="#3a3d42", red="#ff8f7d", blue="#8fc1e3", ochre="#e5b65c", grey="#6d6a65"
)
WIDTH, SMALL, TEXT = 640, 22, 24


@dataclass
class Drawing:
    """A drawing function with the names of its tables and its height in units."""

    function: Callable
    tables: tuple[str, ...]
    height: int


CHARTS: dict[str, Drawing] = {}


def chart(*tables: str, height: int = 400):
    """Registers a drawing function under its name, `_` printed as `-`."""

    def register(function):
        CHARTS[function.__name__.replace("_", "-")] = Drawing(function, tables, height)
        return function

    return register


def draw(name: str, tables: list, cache: Path) -> tuple[Path, Path, tuple[int, int]]:
    """Draws chart `name` from `tables` (Series, in the order of its decorator) unless the cache has it.

    Returns the paths of the light and the dark SVG and the size in units. The cache's key is a hash of data, code, fonts' versions and
    matplotlib's version. Raises KeyError for a column that is missing, ValueError for one that is empty.
    """
    drawing = CHARTS[name]
    parts = [name.encode(), Path(__file__).read_bytes(), matplotlib.__version__.encode(), *(table.path.read_bytes() for table in tables)]
    parts += [repr(sorted(table.fields.items())).encode() for table in tables]
    folder = cache / hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
    paths = [folder / f"{name}.svg", folder / f"{name}-dark.svg"]
    if not all(path.exists() for path in paths):
        folder.mkdir(parents=True, exist_ok=True)
        for path, colours in zip(paths, (LIGHT, DARK)):
            _write(drawing, tables, colours, path)
    return paths[0], paths[1], (WIDTH, drawing.height)


def _write(drawing: Drawing, tables: list, colours, path: Path):
    for font in ("SourceSans3-Regular.ttf", "SourceSans3-Semibold.ttf"):
        font_manager.fontManager.addfont(FONTS / font)
    style = {
        "svg.fonttype": "path", "svg.hashsalt": "book", "font.family": "Source Sans 3", "font.size": SMALL, "text.color": colours.ink,
        "axes.edgecolor": colours.soft, "axes.facecolor": colours.paper, "axes.labelcolor": colours.soft, "axes.linewidth": 1,
        "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False, "axes.axisbelow": True, "axes.grid": True,
        "axes.grid.axis": "y", "grid.color": colours.grid, "grid.linewidth": 1, "xtick.color": colours.soft, "ytick.color": colours.soft,
        "xtick.labelcolor": colours.ink, "ytick.labelcolor": colours.ink, "ytick.major.size": 0, "xtick.major.size": 5, "lines.linewidth": 3,
        "figure.facecolor": colours.paper, "savefig.facecolor": colours.paper,
    }  # fmt: skip
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(WIDTH / 72, drawing.height / 72), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
        drawing.function(figure.add_subplot(), colours, *tables)
        draft = path.with_suffix(f".{os.getpid()}")
        FigureCanvasSVG(figure).print_svg(draft, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
        draft.write_text(re.sub(r"<path(?![^>]*\bd=)", '<path d=""', draft.read_text("utf-8")), "utf-8")  # EPUBCheck wants a `d` on spaces too
        os.replace(draft, path)  # two builds at once see a whole file or none


def in_thousands(axis):
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 1e3:,.0f}"))


def in_millions(axis):
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 1e6:g}"))


def name_axis(axes, text: str):
    """The name and unit of the upright axis, set level above it."""
    axes.set_title(text, loc="left", fontsize=SMALL, color=axes.yaxis.label.get_color(), pad=10)


def years(table, column: str = "year") -> list[int]:
    return [int(text) for text in table.texts(column)]


def ranked_bars(axes, c, names: list[str], values: list[float], colour: str):
    """Level bars, the longest first, each with its number."""
    order = sorted(range(len(names)), key=lambda i: values[i])
    at = range(len(order))
    axes.barh(at, [values[i] for i in order], color=colour, height=0.7)
    axes.set_yticks(at, [names[i] for i in order])
    axes.set_xticks([])
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)
    axes.set_xlim(0, max(values) * 1.16)
    for y, i in zip(at, order):
        axes.text(values[i], y, f" {values[i] / 1e3:,.0f}", va="center", color=c.ink)


@chart("political_sentences")
def sentences(axes, c, table):
    """Sentences in cases of the political police, the sentences to death in red."""
    x, total, death = years(table), table.column("sentenced_total_mvd"), table.column("death_mvd")
    axes.bar(x, total, color=c.grey, width=0.8)
    axes.bar(x, death, color=c.red, width=0.8)
    in_thousands(axes.yaxis)
    name_axis(axes, "Thousand people a year")
    axes.text(1936.2, 700_000, "sentenced", ha="right", color=c.soft, fontsize=TEXT)
    axes.text(1939, 300_000, "sentenced\nto death", ha="left", color=c.red, fontsize=TEXT)


@chart("gulag_itl_stock")
def camps(axes, c, table):
    """Prisoners in camps on 1 January."""
    x, y = years(table), [float("nan") if value is None else value for value in table.column("itl_prisoners")]
    axes.fill_between(x, y, color=c.red, alpha=0.25, linewidth=0)
    axes.plot(x, y, color=c.red)
    axes.set_ylim(0)
    axes.set_xlim(1930, 1953)
    in_millions(axes.yaxis)
    name_axis(axes, "Million prisoners on 1 January")


@chart("gulag_mortality_ourz")
def deaths(axes, c, table):
    """Registered deaths, the rate written over the three worst years."""
    x, y, rate = years(table), table.column("deaths"), table.column("deaths_pct_of_mean_population")
    axes.bar(x, y, color=c.red, width=0.8)
    in_thousands(axes.yaxis)
    name_axis(axes, "Thousand deaths a year")
    axes.set_ylim(0, max(y) * 1.15)
    for year in (1933, 1942, 1943):
        i = x.index(year)
        axes.text(year + 0.3 * (year == 1943), y[i] + 6_000, f"{rate[i]:.1f}%", ha="left" if year == 1943 else "right" if year == 1942 else "center", color=c.ink, fontsize=TEXT)


@chart("kulak_exile_stock", height=360)
def peasant_exile(axes, c, table):
    """Deported peasants in special settlements at the end of each year."""
    x, y = [int(date[:4]) for date in table.texts("date")], table.column("special_settlers_labour_settlers")
    axes.bar(x, y, color=c.ochre, width=0.7)
    axes.set_xticks(x[::2])
    in_thousands(axes.yaxis)
    name_axis(axes, "Thousand people at the end of the year")


@chart("deportations_1936_1952", height=760)
def deportations(axes, c, table):
    """Peoples moved, ranked."""
    names = [f"{group}, {date[:4]}" for group, date in zip(table.texts("group"), table.texts("date"))]
    ranked_bars(axes, c, names, table.column("persons"), c.blue)
    name_axis(axes, "Thousand people")

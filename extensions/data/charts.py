"""The charts: one drawing function each, over the tables that its decorator names, in two colour sets of one palette.

A function gets the axes, the colours and its tables; `draw` does the rest. A map draws the outlines of `data/maps/` with `outline_map`. Text is at least 22 units high in a chart 640 units wide, so that
it can be read at half the size on a phone or a page. Lines are labelled where they end, never in a box.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Callable

import matplotlib
from matplotlib import font_manager
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

FONTS = Path(__file__).parents[2] / "theme/fonts"
OUTLINES = Path(__file__).parents[2] / "data/maps/outlines.geojson"
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
    parts = [name.encode(), Path(__file__).read_bytes(), OUTLINES.read_bytes(), matplotlib.__version__.encode(), *(table.path.read_bytes() for table in tables)]
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


def name_bars(axes, at, names: list[str]):
    """The names of level bars at the left, and no scale below: each bar bears its number."""
    axes.set_yticks(at, names)
    axes.set_xticks([])
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)


def ranked_bars(axes, c, names: list[str], values: list[float], colour: str):
    """Level bars, the longest first, each with its number."""
    order = sorted(range(len(names)), key=lambda i: values[i])
    at = range(len(order))
    axes.barh(at, [values[i] for i in order], color=colour, height=0.7)
    name_bars(axes, at, [names[i] for i in order])
    axes.set_xlim(0, max(values) * 1.16)
    for y, i in zip(at, order):
        axes.text(values[i], y, f" {values[i] / 1e3:,.0f}", va="center", color=c.ink)


def projected(longitude: float, latitude: float) -> tuple[float, float]:
    """Albers' equal-area projection of a point in degrees about 55 east, true at 45 and 60 north; the earth's radius is 1.

    So that a republic's ink is in proportion to its land.
    Source: J. P. Snyder, *Map Projections: A Working Manual* (US Geological Survey, 1987), chapter 14, spherical form.
    """
    low, high, about = math.radians(45), math.radians(60), math.radians(55)
    n = (math.sin(low) + math.sin(high)) / 2
    radius = math.sqrt(math.cos(low) ** 2 + 2 * n * (math.sin(low) - math.sin(math.radians(latitude)))) / n
    angle = n * (math.radians(longitude) - about)
    return radius * math.sin(angle), -radius * math.cos(angle)


def outline_map(axes, c, colours: dict[str, str]):
    """The outlines of `data/maps/`, filled with `colours` by name, the others left as paper. Raises KeyError for a name that has no outline."""
    outlines = {feature["properties"]["name"]: feature["geometry"]["coordinates"] for feature in json.loads(OUTLINES.read_text("utf-8"))["features"]}
    for name in [*(outlines.keys() - colours.keys()), *colours]:
        for rings in outlines[name]:
            axes.fill(*zip(*(projected(*point) for point in rings[0])), facecolor=colours.get(name, c.paper), edgecolor=c.soft, linewidth=1)
    axes.set_aspect("equal")
    axes.axis("off")


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


@chart("cpb_members", height=380)
def party_members(axes, c, table):
    """Members of the party, the years before 2020 in grey."""
    x, y = years(table), table.column("members")
    axes.bar(x, y, color=[c.red if year >= 2020 else c.grey for year in x], width=0.7)
    axes.set_xticks(x[::2])
    axes.set_ylim(0, max(y) * 1.15)
    axes.set_yticks([0, 500, 1_000], ["0", "500", "1,000"])
    name_axis(axes, "Members, as returned")
    for year in (2012, 2017, 2022):
        axes.text(year, y[x.index(year)] + 20, f"{y[x.index(year)]:,.0f}", ha="center", color=c.ink, fontsize=TEXT)


@chart("stalin_attitude", height=400)
def stalin_feelings(axes, c, table):
    """Two answers about Stalin, a point a survey that could be seen."""
    for name, colour, label, up in (("positive", c.red, "admiration, respect, liking", 1), ("negative", c.blue, "dislike, fear, disgust", -1)):
        points = [(x, y) for x, y in zip(years(table), table.column(name)) if y is not None]
        axes.plot(*zip(*points), color=colour, marker="o", markersize=8)
        axes.text(2012.6, 45 if up == 1 else 14, label, ha="right", color=colour, fontsize=TEXT)
        axes.text(points[-1][0] + 0.4, points[-1][1], f"{points[-1][1]:.0f}", va="center", color=colour, fontsize=TEXT)
    axes.set_ylim(0, 60)
    axes.set_xlim(2000, 2021)
    axes.set_xticks([2001, 2006, 2011, 2016, 2019])
    name_axis(axes, "Per cent of adults asked")


@chart("capitals_population_1917_1920", height=400)
def capitals(axes, c, table):
    """People in the two capitals, the four counts of Petrograd joined, the two of Moscow joined by dashes."""
    cities, x, y = table.texts("city"), years(table), table.column("persons")
    for city, colour, dashes in (("Moscow", c.blue, "--"), ("Petrograd", c.red, "-")):
        at = [i for i, name in enumerate(cities) if name == city]
        axes.plot([x[i] for i in at], [y[i] for i in at], color=colour, linestyle=dashes, marker="o", markersize=9)
        last = at[-1]
        axes.text(x[last] + 0.08, y[last], f"{city} {y[last] / 1e6:.2f}", va="bottom" if city == "Moscow" else "top", color=colour, fontsize=TEXT)
    axes.set_ylim(0, 2_600_000)
    axes.set_xlim(1916.9, 1921.2)
    axes.set_xticks([1917, 1918, 1919, 1920])
    in_millions(axes.yaxis)
    name_axis(axes, "Million people")


@chart("bolshevik_shares_1917", height=560)
def bolshevik_shares(axes, c, table):
    """The Bolsheviks' share in seven bodies, in the order of time."""
    names, values = table.texts("body")[::-1], table.column("share")[::-1]
    at = range(len(names))
    axes.barh(at, values, color=[c.grey if name.startswith("National") else c.red for name in names], height=0.7)
    name_bars(axes, at, names)
    axes.set_xlim(0, 78)
    for y, value in zip(at, values):
        axes.text(value, y, f" {value:.0f}%", va="center", color=c.ink)
    name_axis(axes, "Per cent of delegates or votes")


@chart("grain_procurements_1927_1932")
def grain_taken(axes, c, table):
    """The harvest and the state's part of it, with its share."""
    names, harvest, taken = table.texts("year"), table.column("harvest"), table.column("procurement")
    at = range(len(names))
    axes.bar(at, harvest, color=c.grey, width=0.7)
    axes.bar(at, taken, color=c.red, width=0.7)
    axes.set_xticks(at, [name.replace("-", "\N{EN DASH}") for name in names])
    axes.set_ylim(0, max(harvest) * 1.12)
    name_axis(axes, "Million tonnes a farming year")
    for x, total, part in zip(at, harvest, taken):
        axes.text(x, part + 2, f"{100 * part / total:.0f}%", ha="center", color=c.ink, fontsize=TEXT)
    axes.text(-0.33, harvest[0] + 2, "harvest", ha="left", color=c.soft, fontsize=TEXT)
    axes.text(3.45, 11, "taken", ha="center", va="center", rotation=90, color=c.red, fontsize=TEXT)


@chart("collectivisation_households", height=420)
def households_1927_1930(axes, c, table):
    """Households in collective farms at six dates before and after the winter of 1930."""
    dates = ("1927-11", "1928-06", "1929-06", "1929-11", "1930, end of winter", "1930-05")
    names = ("Nov\n1927", "June\n1928", "June\n1929", "Nov\n1929", "winter\n1930", "May\n1930")
    known = dict(zip(table.texts("date"), table.column("households")))
    values = [known[date] for date in dates]
    axes.bar(range(len(dates)), values, color=[c.ochre] * 4 + [c.red] + [c.ochre], width=0.7)
    axes.set_xticks(range(len(dates)), names)
    axes.set_ylim(0, max(values) * 1.15)
    axes.set_yticks([0, 5_000_000, 10_000_000])
    in_millions(axes.yaxis)
    name_axis(axes, "Million households")
    for x, value in enumerate(values):
        axes.text(x, value + 250_000, f"{value / 1e6:.1f}", ha="center", color=c.ink, fontsize=TEXT)


@chart("opposition_moscow_1923", height=420)
def moscow_vote(axes, c, table):
    """Votes at five district conferences, the opposition's in red, its share at the end."""
    names, ours, theirs = table.texts("district"), table.column("opposition"), table.column("central_committee")
    at = list(range(len(names)))[::-1]
    axes.barh(at, ours, color=c.red, height=0.7)
    axes.barh(at, theirs, left=ours, color=c.grey, height=0.7)
    name_bars(axes, at, names)
    axes.set_xlim(0, max(a + b for a, b in zip(ours, theirs)) * 1.14)
    for y, a, b in zip(at, ours, theirs):
        axes.text(a + b, y, f" {100 * a / (a + b):.0f}%", va="center", color=c.ink)
    name_axis(axes, "Votes, and the opposition\u2019s share")
    axes.text(880, 2.24, "for the opposition", ha="right", va="center", color=c.red, fontsize=SMALL)
    axes.text(880, 1.8, "for the Central Committee", ha="right", va="center", color=c.soft, fontsize=SMALL)


@chart("cpsu_membership", "party_levy_1924_1926", height=380)
def party_levy(axes, c, early, levy):
    """Members at four dates; in the last bar those who had come in since 1924 in red."""
    first, later = early.column("members")[:2], levy.column("persons")
    axes.bar(range(4), [*first, later[0], later[1]], color=c.grey, width=0.65)
    axes.bar([3], [later[2]], color=c.red, width=0.65)
    axes.set_xticks(range(4), ["Oct. 1917", "March 1921", "Jan. 1924", "Jan. 1926"])
    in_thousands(axes.yaxis)
    name_axis(axes, "Thousand members")
    axes.text(2.62, 780_000, "entered in\n1924 and 1925", ha="right", va="center", color=c.red, fontsize=TEXT)


@chart("grain_harvest", height=440)
def harvest_estimates(axes, c, table):
    """The grain harvest of 1928-36 in three estimates, the low one with its margin."""
    rows = [i for i, year in enumerate(table.texts("year")) if year.isdigit() and 1928 <= int(year) <= 1936]
    x = [int(table.texts("year")[i]) for i in rows]
    official, revised, low, margin = ([table.column(name)[i] for i in rows] for name in ("soviet_1930s", "soviet_revised", "western_low", "margin"))
    known = [i for i, value in enumerate(margin) if value is not None]
    axes.errorbar([x[i] for i in known], [low[i] for i in known], [low[i] * margin[i] / 100 for i in known], fmt="none", ecolor=c.ochre, elinewidth=2, capsize=6)
    axes.plot(x, low, color=c.ochre)
    axes.plot(x[4:], revised[4:], color=c.blue)
    axes.plot(x, official, color=c.red)
    axes.set_xlim(1927.8, 1936.4)
    axes.set_ylim(40, 100)
    axes.set_xticks(x[::2])
    name_axis(axes, "Million tonnes")
    axes.text(1934, 92.5, "official", ha="center", color=c.red, fontsize=TEXT)
    axes.text(1933.25, 74, "revised", ha="left", color=c.blue, fontsize=TEXT)
    axes.text(1928.2, 53, "Western low\nestimate", ha="left", va="center", color=c.ochre, fontsize=TEXT)


@chart("famine_1932_34_republics", height=360)
def famine_losses(axes, c, table):
    """Excess deaths as a share of each republic's people, with the number where it is known."""
    named = [(share, name, deaths) for name, share, deaths in zip(table.texts("republic"), table.column("share"), table.column("deaths_million")) if share is not None]
    named.sort()
    axes.barh(range(len(named)), [share for share, _, _ in named], color=c.red, height=0.7)
    name_bars(axes, range(len(named)), [name for _, name, _ in named])
    axes.set_xlim(0, 28)
    name_axis(axes, "Excess deaths, per cent of the people")
    for y, (share, _, deaths) in enumerate(named):
        axes.text(share, y, f" {share:g}" + (f" = {deaths:.1f} million" if deaths is not None else ""), va="center", color=c.ink)


@chart("deportations_1936_1952", height=400)
def deportation_waves(axes, c, table):
    """The deported peoples in five waves by date and place."""
    waves = {
        "Border peoples, 1936\u201337": ("Poles (western borders)", "Koreans"),
        "Annexed lands, 1940\u201341": ("Poles and Jews (annexed lands)",),
        "Germans, Finns, 1941\u201352": ("Volga Germans", "Other Soviet Germans", "Finns (Leningrad region)"),
        "Caucasus, Crimea, 1943\u201344": ("Karachai", "Kalmyks", "Chechens", "Ingush", "Balkars", "Crimean Tatars", "Other Crimean groups", "Other North Caucasus groups", "Meskhetians"),
        "Black Sea, Moldova, 1949": ("Moldovans", "Black Sea Greeks", "Other Black Sea groups"),
    }
    persons = dict(zip(table.texts("group"), table.column("persons")))
    values = [sum(persons[group] for group in groups) for groups in waves.values()]
    at = list(range(len(waves)))[::-1]
    axes.barh(at, values, color=c.blue, height=0.7)
    name_bars(axes, at, list(waves))
    axes.set_xlim(0, max(values) * 1.25)
    for y, value in zip(at, values):
        axes.text(value, y, f" {value / 1e3:,.0f}", va="center", color=c.ink)
    name_axis(axes, "Thousand people")


@chart("deported_peoples_population", height=420)
def peoples_after(axes, c, table):
    """Six peoples in October 1948, in red, against their number on the eve, in grey."""
    rows = [(name, after / eve) for name, eve, after in zip(table.texts("people"), table.column("eve"), table.column("oct_1948")) if name != "Germans"]
    rows.sort(key=lambda row: row[1])
    at = range(len(rows))
    axes.barh(at, [1] * len(rows), color=c.grey, height=0.7)
    axes.barh(at, [share for _, share in rows], color=c.red, height=0.7)
    name_bars(axes, at, [name for name, _ in rows])
    axes.set_xlim(0, 1.16)
    for y, (_, share) in zip(at, rows):
        axes.text(1, y, f" {100 * share:.0f}%", va="center", color=c.ink)
    name_axis(axes, "October 1948; the whole bar: before deportation")


@chart("industry_shares", height=420)
def departments(axes, c, table):
    """Producer and consumer goods in the output of industry, a bar a year, the two shares written in."""
    names = [name.replace("-", "\N{EN DASH}").replace(" (plan)", "\nplan") for name in table.texts("year")]
    producer, consumer = table.column("means_of_production"), table.column("means_of_consumption")
    at = range(len(names))
    axes.bar(at, producer, color=c.red, width=0.76)
    axes.bar(at, consumer, bottom=producer, color=c.grey, width=0.76)
    axes.set_xticks(at, [name.replace("1927\N{EN DASH}28", "1927\N{EN DASH}\n28") for name in names])
    axes.set_yticks([])
    axes.grid(False)
    axes.set_ylim(0, 100)
    axes.set_xlim(-0.5, len(names) + 1.35)
    name_axis(axes, "Per cent of gross output of industry")
    for x, part in zip(at, producer):
        axes.text(x, part / 2, f"{part:.0f}", ha="center", va="center", color=c.paper, fontsize=TEXT)
        axes.text(x, (100 + part) / 2, f"{100 - part:.0f}", ha="center", va="center", color=c.ink, fontsize=TEXT)
    axes.text(len(names) - 0.45, producer[-1] / 2, "producer\ngoods", ha="left", va="center", color=c.red, fontsize=TEXT)
    axes.text(len(names) - 0.45, (100 + producer[-1]) / 2, "consumer\ngoods", ha="left", va="center", color=c.soft, fontsize=TEXT)


@chart("real_wages_benchmarks", height=420)
def wages_benchmarks(axes, c, table):
    """Real wages against 1928: two reckonings, a dot for each year that has a figure."""
    points = dict(zip(table.texts("row"), table.column("index")))
    for who, colour in (("Allen and Khaustova", c.blue), ("Cliff", c.red)):
        known = {1928: 100.0} | {int(row[:4]): value for row, value in points.items() if row.endswith(who) and value is not None}
        x = sorted(known)
        axes.plot(x, [known[year] for year in x], color=colour, marker="o", markersize=9)
    axes.set_ylim(0, 112)
    axes.set_xlim(1911, 1952)
    axes.set_xticks([1913, 1928, 1932, 1937])
    name_axis(axes, "Real wage, 1928 = 100")
    axes.text(1938, 55, "Allen and\nKhaustova", ha="left", va="center", color=c.blue, fontsize=TEXT)
    axes.text(1941, 30, "Cliff\n(food only)", ha="left", va="center", color=c.red, fontsize=TEXT)


@chart("famine_1932_34_republics", height=365)
def famine_map(axes, c, table):
    """Excess deaths as a share of each republic's people on the map, the darker the more."""
    share = {name: value for name, value in zip(table.texts("republic"), table.column("share")) if value is not None}
    deepest = max(share.values())
    blend = LinearSegmentedColormap.from_list("share", [c.paper, c.red])
    outline_map(axes, c, {name: to_hex(blend(0.06 + 0.94 * value / deepest)) for name, value in share.items()})
    places = {"Ukraine": (32.3, 49), "Kazakhstan": (66.5, 48.2), "Russia": (52, 58.3), "Belarus": (27.9, 53.7)}
    for name, place in places.items():
        colour = c.paper if share[name] == deepest else c.ink
        axes.text(*projected(*place), f"{name}\n{share[name]:g}%", ha="center", va="center", color=colour, fontsize=SMALL, linespacing=1.05)
    for name, place in {"Don,\nKuban": (43.6, 46.9), "Volga": (45.6, 52)}.items():
        axes.text(*projected(*place), name, ha="center", va="center", color=c.soft, fontsize=SMALL, linespacing=1.05)
    axes.set_xlim(projected(20, 49)[0], projected(89, 49)[0])
    axes.set_ylim(projected(55, 39.5)[1], projected(55, 62.5)[1])

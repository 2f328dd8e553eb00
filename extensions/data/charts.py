"""The charts: one drawing function each, over the tables that its decorator names, in two colour sets of one palette.

A function gets the axes, the colours and its tables; `draw` does the rest. A map draws the outlines of `outlines.geojson` with `outline_map`. Text is at least 22 units high in a chart 640 units wide, so that
it can be read at half the size on a phone or a page. Lines are labelled where they end, never in a box.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Callable

import matplotlib
from matplotlib import font_manager, patches
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure

FONTS = Path(__file__).parents[2] / "theme/fonts"
OUTLINES = Path(__file__).with_name("outlines.geojson")
LIGHT = SimpleNamespace(paper="#ffffff", ink="#1a1a1a", soft="#5f5f5f", grid="#dddddd", red="#8c1c13", blue="#2f5d7c", ochre="#9a6b12", grey="#b9b4ab")
DARK = SimpleNamespace(paper="#16181b", ink="#ececec", soft="#b4b4b4", grid="#3a3d42", red="#ff8f7d", blue="#8fc1e3", ochre="#e5b65c", grey="#6d6a65")
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

    Returns the paths of the light and the dark SVG and the size in units. The cache's key is a hash of data, code, outlines and
    matplotlib's version. Raises KeyError for a column or an outline that is missing, ValueError for a year that the chart names and its table lacks.
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
        "svg.fonttype": "path", "svg.hashsalt": "book", "font.family": "Source Sans 3", "font.size": TEXT, "text.color": colours.ink,
        "axes.edgecolor": colours.soft, "axes.facecolor": colours.paper, "axes.labelcolor": colours.soft, "axes.linewidth": 1,
        "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False, "axes.axisbelow": True, "axes.grid": True,
        "axes.grid.axis": "y", "grid.color": colours.grid, "grid.linewidth": 1, "xtick.color": colours.soft, "ytick.color": colours.soft,
        "xtick.labelcolor": colours.ink, "ytick.labelcolor": colours.ink, "xtick.labelsize": SMALL, "ytick.labelsize": SMALL, "ytick.major.size": 0, "xtick.major.size": 5,
        "ytick.alignment": "center", "ytick.major.pad": 8, "xtick.major.pad": 6, "lines.linewidth": 3,
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


def name_axis(axes, text: str, unit: float = 0, **scale):
    """The name and unit of the upright axis, set level above it.

    `unit` is what its numbers count in, 1_000 for thousands; without it matplotlib prints them. All have a decimal if one has. `scale` is what `Axes.set` takes: xlim, ylim, xticks, yticks.
    """
    axes.set(**scale)
    if unit:
        axes.yaxis.set_major_formatter(lambda value, _: f"{value / unit:,.{int(any(tick % unit for tick in axes.get_yticks()))}f}")
    axes.set_title(text, loc="left", fontsize=SMALL, color=axes.yaxis.label.get_color(), pad=14)


def over(axes, c, x: float, y: float, text: str, **how):
    """Text that stands on (x, y), or as `how` says, with grid lines hidden behind it."""
    axes.text(x, y, text, **{"color": c.ink, "va": "bottom", "bbox": {"facecolor": c.paper, "edgecolor": "none", "pad": 0}} | how)


def years(table) -> list[int]:
    return [int(text) for text in table.texts("year")]


def level_bars(axes, c, names: list[str], values: list[float], said: list[str], colour: str | list[str], wholes: list[float] | None = None):
    """Level bars from above, each with its name at the left and what is `said` of it at its end, and no scale below.

    With `wholes` each bar is a part of a longer one in grey.
    """
    at, ends = range(len(names)), wholes or values
    axes.barh(at, ends, color=c.grey if wholes else colour, height=0.7)
    if wholes:
        axes.barh(at, values, color=colour, height=0.7)
    axes.set_yticks(at, names)
    axes.set_xticks([])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)
    for y, end, text in zip(at, ends, said):
        axes.text(end, y, f" {text}", va="center", color=c.ink, fontsize=SMALL)


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
    """The outlines of `outlines.geojson` in a frame, filled with `colours` by name, the others left as paper; what lies `within` a state stands after it there and is set off by dots. Raises KeyError for a name that has no outline."""
    outlines = {feature["properties"]["name"]: feature for feature in json.loads(OUTLINES.read_text("utf-8"))["features"]}
    if lost := [name for name in colours if name not in outlines]:
        raise KeyError(f"no outline of {lost[0]!r} in {OUTLINES.name}; it has {', '.join(outlines)}")
    for name, outline in outlines.items():
        line = ":" if "within" in outline["properties"] else "-"
        for rings in outline["geometry"]["coordinates"]:
            points = list(zip(*(projected(*point) for point in rings[0])))
            axes.fill(*points, facecolor=colours.get(name, c.paper))
            axes.fill(*points, fill=False, edgecolor=c.soft, linewidth=1, linestyle=line, zorder=2)  # all lines over all tints
    axes.set(aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(True)


@chart("political_sentences")
def sentences(axes, c, table):
    """Sentences in cases of the political police, the sentences to death in red."""
    x, total, death = years(table), table.column("sentenced_total_mvd"), table.column("death_mvd")
    axes.bar(x, total, color=c.grey, width=0.8)
    axes.bar(x, death, color=c.red, width=0.8)
    name_axis(axes, "Thousand people a year", 1_000)
    axes.text(1936.2, 700_000, "sentenced", ha="right", color=c.soft)
    axes.text(1939, 300_000, "sentenced\nto death", ha="left", color=c.red)


@chart("gulag_itl_stock")
def camps(axes, c, table):
    """Prisoners in camps on 1 January."""
    x, y = years(table), [float("nan") if value is None else value for value in table.column("itl_prisoners")]
    axes.fill_between(x, y, color=c.red, alpha=0.25, linewidth=0)
    axes.plot(x, y, color=c.red)
    name_axis(axes, "Million prisoners on 1 January", 1_000_000, ylim=(0, 2_000_000), xlim=(1929, 1953.3))


@chart("gulag_mortality_ourz")
def deaths(axes, c, table):
    """Registered deaths, the rate written over the three worst years."""
    x, y, rate = years(table), table.column("deaths"), table.column("deaths_pct_of_mean_population")
    axes.bar(x, y, color=c.red, width=0.8)
    name_axis(axes, "Thousand deaths a year", 1_000, ylim=(0, max(y) * 1.15))
    for year in (1933, 1942, 1943):
        i = x.index(year)
        over(axes, c, year + 0.3 * (year == 1943), y[i] + 2_000, f"{rate[i]:.1f}%", ha="left" if year == 1943 else "right" if year == 1942 else "center")


@chart("kulak_exile_stock", height=360)
def peasant_exile(axes, c, table):
    """Deported peasants in special settlements at the end of each year."""
    x, y = [int(date[:4]) for date in table.texts("date")], table.column("special_settlers_labour_settlers")
    axes.bar(x, y, color=c.ochre, width=0.7)
    name_axis(axes, "Thousand people at the end of the year", 1_000, xticks=x[::2])


@chart("deportations_1936_1952", height=760)
def deportations(axes, c, table):
    """Peoples moved, ranked."""
    names = [f"{group}, {date[:4]}" for group, date in zip(table.texts("group"), table.texts("date"))]
    values, names = zip(*sorted(zip(table.column("persons"), names), key=lambda pair: pair[0])[::-1])
    level_bars(axes, c, names, values, [f"{value / 1e3:,.0f}" for value in values], c.blue)
    name_axis(axes, "Thousand people", xlim=(0, max(values) * 1.16))


@chart("cpb_members", height=380)
def party_members(axes, c, table):
    """Members of the party, the years before 2020 in grey."""
    x, y = years(table), table.column("members")
    axes.bar(x, y, color=[c.red if year >= 2020 else c.grey for year in x], width=0.7)
    name_axis(axes, "Members, as returned", 1, xticks=x[::2], ylim=(0, max(y) * 1.15), yticks=[0, 500, 1_000])
    for year in (2012, 2017, 2022):
        over(axes, c, year, y[x.index(year)] + 8, f"{y[x.index(year)]:,.0f}", ha="center")


@chart("stalin_attitude", height=400)
def stalin_feelings(axes, c, table):
    """Two answers about Stalin, a point a survey that could be seen."""
    for name, colour, label, up in (("positive", c.red, "admiration, respect, liking", 1), ("negative", c.blue, "dislike, fear, disgust", -1)):
        points = [(x, y) for x, y in zip(years(table), table.column(name)) if y is not None]
        axes.plot(*zip(*points), color=colour, marker="o", markersize=8)
        axes.text(2012.6, 45 if up == 1 else 14, label, ha="right", color=colour)
        axes.text(points[-1][0] + 0.4, points[-1][1], f"{points[-1][1]:.0f}", va="center", color=colour)
    name_axis(axes, "Per cent of adults asked", ylim=(0, 60), xlim=(2000, 2021), xticks=[2001, 2006, 2011, 2016, 2019])


@chart("capitals_population_1917_1920", height=400)
def capitals(axes, c, table):
    """People in the two capitals, the four counts of Petrograd joined, the two of Moscow joined by dashes."""
    cities, x, y = table.texts("city"), years(table), table.column("persons")
    for city, colour, dashes in (("Moscow", c.blue, "--"), ("Petrograd", c.red, "-")):
        at = [i for i, name in enumerate(cities) if name == city]
        axes.plot([x[i] for i in at], [y[i] for i in at], color=colour, linestyle=dashes, marker="o", markersize=9)
        last = at[-1]
        axes.text(x[last] + 0.08, y[last], f"{city} {y[last] / 1e6:.2f}", va="bottom" if city == "Moscow" else "top", color=colour)
    name_axis(axes, "Million people", 1_000_000, ylim=(0, 2_600_000), xlim=(1916.7, 1921.2), xticks=[1917, 1918, 1919, 1920])


@chart("bolshevik_shares_1917", height=560)
def bolshevik_shares(axes, c, table):
    """The Bolsheviks' share in seven bodies, in the order of time."""
    names, values = table.texts("body"), table.column("share")
    colours = [c.grey if name.startswith("National") else c.red for name in names]
    level_bars(axes, c, names, values, [f"{value:.0f}%" for value in values], colours)
    name_axis(axes, "Per cent of delegates or votes", xlim=(0, 78))


@chart("grain_procurements_1927_1932")
def grain_taken(axes, c, table):
    """The harvest and the state's part of it, with its share."""
    names, harvest, taken = table.texts("year"), table.column("harvest"), table.column("procurement")
    at = range(len(names))
    axes.bar(at, harvest, color=c.grey, width=0.7)
    axes.bar(at, taken, color=c.red, width=0.7)
    axes.set_xticks(at, [name.replace("-", "\N{EN DASH}") for name in names])
    name_axis(axes, "Million tonnes a farming year", ylim=(0, max(harvest) * 1.06), xlim=(-0.5, len(names) + 0.35))
    for x, total, part in zip(at, harvest, taken):
        axes.text(x, part + 2, f"{100 * part / total:.0f}%", ha="center", color=c.ink)
    over(axes, c, len(names) - 0.55, harvest[-1] - 8, "harvest", va="center", color=c.soft)
    over(axes, c, len(names) - 0.55, taken[-1] / 2, "taken", va="center", color=c.red)


@chart("collectivisation_households", height=420)
def households_1927_1930(axes, c, table):
    """Households in collective farms at six dates before and after the winter of 1930."""
    dates = ("1927-11", "1928-06", "1929-06", "1929-11", "1930, end of winter", "1930-05")
    names = ("Nov\n1927", "June\n1928", "June\n1929", "Nov\n1929", "Winter\n1930", "May\n1930")
    known = dict(zip(table.texts("date"), table.column("households")))
    values = [known[date] for date in dates]
    axes.bar(range(len(dates)), values, color=[c.ochre] * 4 + [c.red] + [c.ochre], width=0.7)
    axes.set_xticks(range(len(dates)), names)
    name_axis(axes, "Million households", 1_000_000, ylim=(0, 16_200_000), yticks=[0, 5_000_000, 10_000_000, 15_000_000])
    for x, value in enumerate(values):
        over(axes, c, x, value + 80_000, f"{value / 1e6:.1f}", ha="center")


@chart("opposition_moscow_1923", height=420)
def moscow_vote(axes, c, table):
    """Votes at five district conferences, the opposition's in red, its share at the end."""
    names, ours, theirs = table.texts("district"), table.column("opposition"), table.column("central_committee")
    votes = [a + b for a, b in zip(ours, theirs)]
    level_bars(axes, c, names, ours, [f"{100 * a / both:.0f}%" for a, both in zip(ours, votes)], c.red, votes)
    name_axis(axes, "Votes, and the opposition\u2019s share", xlim=(0, max(votes) * 1.14))
    axes.set_ylim(top=-1.05)
    axes.text(0, -0.72, "for the opposition", va="center", color=c.red, fontsize=SMALL)
    axes.text(max(votes) * 0.48, -0.72, "for the Central Committee", va="center", color=c.soft, fontsize=SMALL)


@chart("cpsu_membership", "party_levy_1924_1926", height=380)
def party_levy(axes, c, early, levy):
    """Members at four dates; in the last bar those who had come in since 1924 in red."""
    first, later = early.column("members")[:2], levy.column("persons")
    axes.bar(range(4), [*first, later[0], later[1]], color=c.grey, width=0.65)
    axes.bar([3], [later[2]], color=c.red, width=0.65)
    axes.set_xticks(range(4), ["Oct. 1917", "March 1921", "Jan. 1924", "Jan. 1926"])
    name_axis(axes, "Thousand members", 1_000)
    axes.text(2.62, 780_000, "entered in\n1924 and 1925", ha="right", va="center", color=c.red)


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
    name_axis(axes, "Million tonnes, the scale from 40 up", xlim=(1927.5, 1936.4), ylim=(40, 100), xticks=x[::2])
    axes.text(1934, 92.5, "official", ha="center", color=c.red)
    axes.text(1933.25, 74, "revised", ha="left", color=c.blue)
    axes.text(1928, 55, "Western low\nestimate", ha="left", va="center", color=c.ochre)


@chart("famine_1932_34_republics", height=360)
def famine_losses(axes, c, table):
    """Excess deaths as a share of each republic's people, with the number where it is known."""
    named = [(share, name, deaths) for name, share, deaths in zip(table.texts("republic"), table.column("share"), table.column("deaths_million")) if share is not None]
    named.sort(reverse=True)
    said = [f"{share:g}" + (f" ({deaths:.1f} million)" if deaths is not None else "") for share, _, deaths in named]
    level_bars(axes, c, [name for _, name, _ in named], [share for share, _, _ in named], said, c.red)
    name_axis(axes, "Excess deaths, per cent of the people", xlim=(0, 28))


@chart("deportations_1936_1952", height=400)
def deportation_waves(axes, c, table):
    """The deported peoples in five waves by date and place."""
    waves = {
        "Border peoples, 1936\u201337": ("Poles (western borders)", "Koreans"),
        "Annexed lands, 1940\u201341": ("Poles and Jews (annexed lands)",),
        "Germans, Finns, 1941\u201352": ("Volga Germans", "Other Soviet Germans", "Finns (Leningrad region)"),
        "Caucasus, Crimea, 1943\u201344": (
            "Karachai",
            "Kalmyks",
            "Chechens",
            "Ingush",
            "Balkars",
            "Crimean Tatars",
            "Other Crimean groups",
            "Other North Caucasus groups",
            "Meskhetians",
        ),
        "Black Sea, Moldova, 1949": ("Moldovans", "Black Sea Greeks", "Other Black Sea groups"),
    }
    persons = dict(zip(table.texts("group"), table.column("persons")))
    values = [sum(persons[group] for group in groups) for groups in waves.values()]
    level_bars(axes, c, list(waves), values, [f"{value / 1e3:,.0f}" for value in values], c.blue)
    name_axis(axes, "Thousand people", xlim=(0, max(values) * 1.25))


@chart("deported_peoples_population", height=420)
def peoples_after(axes, c, table):
    """Six peoples in October 1948, in red, against their number on the eve, in grey."""
    rows = [(name, after / eve) for name, eve, after in zip(table.texts("people"), table.column("eve"), table.column("oct_1948")) if name != "Germans"]
    rows.sort(key=lambda row: row[1], reverse=True)
    names, shares = zip(*rows)
    level_bars(axes, c, names, shares, [f"{100 * share:.0f}%" for share in shares], c.red, [1] * len(rows))
    name_axis(axes, "October 1948; the whole bar: before deportation", xlim=(0, 1.16))


@chart("industry_shares", height=420)
def departments(axes, c, table):
    """Producer and consumer goods in the output of industry, a bar a year, the two shares written in."""
    names = [name.replace("-", "\N{EN DASH}").replace(" (plan)", "\nplan") for name in table.texts("year")]
    producer, consumer = table.column("means_of_production"), table.column("means_of_consumption")
    at = range(len(names))
    axes.bar(at, producer, color=c.red, width=0.76)
    axes.bar(at, consumer, bottom=producer, color=c.grey, width=0.76)
    axes.set_xticks(at, names)
    axes.grid(False)
    name_axis(axes, "Per cent of gross output of industry", ylim=(0, 103), xlim=(-0.5, len(names) + 1.25), yticks=[])
    for x, part in zip(at, producer):
        axes.text(x, part / 2, f"{part:.0f}", ha="center", va="center", color=c.paper)
        axes.text(x, (100 + part) / 2, f"{100 - part:.0f}", ha="center", va="center", color=c.ink)
    axes.text(len(names) - 0.45, producer[-1] / 2, "producer\ngoods", ha="left", va="center", color=c.red)
    axes.text(len(names) - 0.45, (100 + producer[-1]) / 2, "consumer\ngoods", ha="left", va="center", color=c.soft)


@chart("real_wages_benchmarks", height=420)
def wages_benchmarks(axes, c, table):
    """Real wages against 1928: two reckonings, a dot for each year that has a figure."""
    points = dict(zip(table.texts("row"), table.column("index")))
    for who, colour in (("Allen and Khaustova", c.blue), ("Cliff", c.red)):
        known = {1928: 100.0} | {int(row[:4]): value for row, value in points.items() if row.endswith(who) and value is not None}
        x = sorted(known)
        axes.plot(x, [known[year] for year in x], color=colour, marker="o", markersize=9)
    name_axis(axes, "Real wage, 1928 = 100", ylim=(0, 112), xlim=(1911, 1952), xticks=[1913, 1928, 1932, 1937])
    over(axes, c, 1938, 55, "Allen and\nKhaustova", va="center", color=c.blue)
    over(axes, c, 1941, 30, "Cliff\n(food only)", va="center", color=c.red)


@chart("famine_1932_34_republics", height=330)
def famine_map(axes, c, table):
    """Excess deaths as a share of each republic's people on the map, the darker the more."""
    share = {name: value for name, value in zip(table.texts("republic"), table.column("share")) if value is not None}
    deepest = max(share.values())
    blend = LinearSegmentedColormap.from_list("share", [c.paper, c.red])
    tints = {name: to_hex(blend(0.06 + 0.94 * value / deepest)) for name, value in share.items()}
    outline_map(axes, c, tints | {"Crimea": tints["Russia"]})
    places = {"Ukraine": (24.5, 43), "Kazakhstan": (67.3, 48.1), "Russia": (52, 58.3), "Belarus": (16.5, 53)}
    said = [(f"{name}\n{share[name]:g}%", place, c.paper if share[name] == deepest else c.ink) for name, place in places.items()]
    for text, place, colour in said + [("Don,\nKuban", (43.3, 46.4), c.ink), ("Volga", (45.6, 52), c.ink)]:
        axes.text(*projected(*place), text, ha="center", va="center", color=colour, fontsize=SMALL, linespacing=1.05)
    for start, end in (((20.2, 53.6), (26, 53.4)), ((24.3, 45.2), (27, 49.3))):  # to the two whose names stand outside
        axes.plot(*zip(projected(*start), projected(*end)), color=c.ink, linewidth=1)
    axes.set(xlim=(projected(13.5, 49)[0], projected(88.5, 49)[0]), ylim=(projected(55, 39.3)[1], projected(55, 62.7)[1]))


@chart(height=640)
def firm_and_state(axes, c):
    """Cliff's comparison: two firms that compete by price, and a country that competes with others by arms."""

    def box(x, y, width, height, text="", colour=c.ink, at=0.5):
        axes.add_patch(patches.Rectangle((x, y), width, height, fill=False, edgecolor=colour, linewidth=3))
        axes.text(x + width / 2, y + height * at, text, ha="center", va="center", color=colour)

    def arrow(start, end, y, text, colour, width, style="-"):
        axes.annotate(
            "",
            (end, y),
            (start, y),
            arrowprops={"arrowstyle": "<|-|>,head_length=0.7,head_width=0.35", "color": colour, "linewidth": width, "linestyle": style, "shrinkA": 2, "shrinkB": 2},
            fontsize=SMALL,
        )
        axes.text((start + end) / 2, y + 2, text, ha="center", va="bottom", color=colour)

    axes.set(xlim=(0, 100), ylim=(0, 100))
    axes.axis("off")
    axes.text(0, 97, "Firm against firm", ha="left", va="center", color=c.soft)
    box(1, 70, 28, 20, "North", c.ink)
    box(71, 70, 28, 20, "South", c.ink)
    arrow(29, 71, 78, "price", c.red, 5)
    axes.text(0, 59, "State against state", ha="left", va="center", color=c.soft)
    box(1, 2, 44, 50, "USSR", c.blue, at=0.88)
    plants = [(4, 8), (25, 8), (14.5, 26)]
    centres = [(x + 8.5, y + 5.5) for x, y in plants]
    for x, y in plants:
        box(x, y, 17, 11, "plant", c.blue)
    axes.annotate("", (centres[0][0], 19), (19, 26), arrowprops={"arrowstyle": "-", "color": c.blue, "linewidth": 2, "shrinkA": 0, "shrinkB": 0})
    axes.annotate("", (centres[1][0], 19), (27, 26), arrowprops={"arrowstyle": "-", "color": c.blue, "linewidth": 2, "shrinkA": 0, "shrinkB": 0})
    axes.text(23, 22.5, "plan", ha="center", va="center", color=c.blue)
    box(73, 2, 26, 50, "rival\nstates\nand\nfirms", c.ink)
    arrow(45, 73, 36, "arms", c.red, 7)
    arrow(45, 73, 14, "trade", c.soft, 2, (0, (4, 3)))


def spread(places: list[float], gap: float) -> list[float]:
    """Places for labels, pushed apart until no two are nearer than `gap` and none nearer to 0 than half of it, in the same order."""
    order, moved = sorted(range(len(places)), key=lambda i: places[i]), list(places)
    for _ in range(200):
        moved[order[0]] = max(moved[order[0]], gap / 2)
        for low, high in pairwise(order):
            short = gap - (moved[high] - moved[low])
            if short > 0:
                moved[low], moved[high] = moved[low] - short / 2, moved[high] + short / 2
    return moved


def name_ends(axes, c, ends: list[tuple[str, float, str]], x: float, gap: float):
    """The name of each line in its colour right of its end at (x, y), hair lines leading to those that are pushed apart."""
    for (text, y, colour), place in zip(ends, spread([y for _, y, _ in ends], gap)):
        axes.plot([x, x + 2.2], [y, place], color=colour, linewidth=1)
        axes.text(x + 2.8, place, text, va="center", color=colour)


@chart("growth_by_period_1951_1985", height=420)
def growth_by_period(axes, c, table):
    """Soviet growth by plan period in three reckonings, a line each, the first and last value written in."""
    names, at = [name.replace("-", "\N{EN DASH}") for name in table.texts("period")], range(len(table.texts("period")))
    for name, colour, dashes in (("official", c.red, "-"), ("cia", c.blue, "-"), ("maddison", c.ochre, "--")):
        axes.plot(at, table.column(name), color=colour, linestyle=dashes, marker="o", markersize=8)
    axes.set_xticks(at, names)
    name_axis(axes, "Growth, per cent a year", ylim=(0, 11.5), xlim=(-0.5, len(names) - 0.5))
    axes.text(1.25, 8.3, "Soviet statistics", ha="left", va="bottom", color=c.red)
    axes.text(0, 4.1, "CIA", ha="left", va="top", color=c.blue)
    axes.text(0, 3, "Maddison Project (dashes)", ha="left", va="top", color=c.ochre)


@chart("product_a_head_1913_1989", height=480)
def six_countries(axes, c, table):
    """Product a head in six countries as a share of the American, 1928-89, each line named at its end."""
    rows = [i for i, year in enumerate(years(table)) if year >= 1928]
    x, america = [years(table)[i] for i in rows], [table.column("usa")[i] for i in rows]
    named = (("ussr", "USSR", c.red), ("jpn", "Japan", c.blue), ("ita", "Italy", c.soft), ("esp", "Spain", c.soft), ("kor", "S. Korea", c.ochre), ("tur", "Turkey", c.soft))
    shares = {name: [100 * table.column(name)[i] / of for i, of in zip(rows, america)] for name, _, _ in named}
    for name, _, colour in named:
        axes.plot(x, shares[name], color=colour, linewidth=5 if name == "ussr" else 2.5, linestyle={"ita": "--", "tur": ":"}.get(name, "-"))
    name_ends(axes, c, [(f"{label} {shares[name][-1]:.0f}", shares[name][-1], colour) for name, label, colour in named], 1989, 7)
    name_axis(axes, "Product a head, United States = 100", xlim=(1925, 2012), ylim=(0, 84), xticks=[1928, 1940, 1950, 1960, 1975, 1989])


@chart("infant_mortality", "infant_mortality_five_yearly", height=460)
def infants(axes, c, yearly, five):
    """Infant mortality, the USSR with the years it did not publish left out, against Japan, Italy and Spain."""
    x = years(yearly)
    axes.plot(x, yearly.column("ussr"), color=c.red, linewidth=5)
    known = [(year, value) for year, value in zip(x, yearly.column("ussr")) if value is not None and 1975 <= year <= 1983]
    axes.plot(*zip(*known), color=c.red, linestyle=":", marker="o", markersize=6)
    axes.plot(x, yearly.column("jpn"), color=c.blue, linewidth=2.5)
    for name in ("ita", "esp"):
        axes.plot(years(five), five.column(name), color=c.soft, linewidth=2.5, linestyle="--" if name == "ita" else "-")
    ends = [
        ("USSR", yearly.column("ussr")[-1], c.red),
        ("Japan", yearly.column("jpn")[-1], c.blue),
        ("Italy", five.column("ita")[-1], c.soft),
        ("Spain", five.column("esp")[-1], c.soft),
    ]
    name_ends(axes, c, ends, 1989, 8)
    name_axis(axes, "Deaths per thousand live births", xlim=(1948, 2001), ylim=(0, 95), xticks=[1950, 1960, 1970, 1980, 1990])


@chart("defence_burden_estimates", "defence_burden_1989", height=520)
def arms_burden(axes, c, earlier, last):
    """Six estimates of the Soviet arms burden, a bar from the lowest to the highest figure, in the order of the years."""
    names = [f"{who}\n{when}".replace("-8", "\N{EN DASH}8") for when, who in zip(earlier.texts("period"), ("CIA,", "CIA,", "US sources,", "Soviet figure (press),"))]
    names += [f"{who},\n1989" for who in ("Soviet papers", "Western experts")]
    low, high = earlier.column("low") + last.column("low"), earlier.column("high") + last.column("high")
    at = list(range(len(names)))[::-1]
    axes.barh(at, [max(b - a, 0.25) for a, b in zip(low, high)], left=[a - 0.125 * (a == b) for a, b in zip(low, high)], color=c.red, height=0.5)
    axes.set_yticks(at, names)
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    for y, a, b in zip(at, low, high):
        axes.text(b + 0.4, y, f"{a:g}" if a == b else f"{a:g}\N{EN DASH}{b:g}", va="center", color=c.ink)
    name_axis(axes, "Per cent of national product", xlim=(0, 20.5), xticks=[0, 5, 10, 15])


@chart("bloc_investment_first_plans", height=300)
def first_plans(axes, c, table):
    """Heavy industry and construction in industrial investment, a bar a country, the highest on top."""
    rows = sorted(((share, name) for name, share in zip(table.texts("country"), table.column("heavy")) if share is not None), reverse=True)
    said = ["over 90%" if name == "Hungary" else f"{share:.0f}%" for share, name in rows]
    level_bars(axes, c, [name for _, name in rows], [share for share, _ in rows], said, c.red)
    name_axis(axes, "Per cent of industrial investment", xlim=(0, 118))


@chart("gdr_refugees", height=400)
def leaving_east_germany(axes, c, table):
    """People who left each year; the year of the rising and the first year of the Wall in red."""
    x, y = years(table), table.column("refugees")
    axes.bar(x, y, color=[c.red if year in (1953, 1962) else c.grey for year in x], width=0.75)
    name_axis(axes, "Thousand people a year", 1_000, xticks=x[1::3], ylim=(0, max(y) * 1.15))
    for year in (1953, 1962):
        over(axes, c, year, y[x.index(year)] + 2_000, f"{y[x.index(year)] / 1e3:.0f}", ha="center")


@chart("reichstag_votes_1928_1932", height=460)
def left_and_nazi_votes(axes, c, table):
    """Communists on Social Democrats beside the Nazis, a pair of bars an election."""
    names, spd, kpd, nsdap = table.texts("election"), table.column("spd"), table.column("kpd"), table.column("nsdap")
    at = range(len(names))
    axes.bar([x - 0.21 for x in at], spd, color=c.blue, width=0.38)
    axes.bar([x - 0.21 for x in at], kpd, bottom=spd, color=c.red, width=0.38)
    axes.bar([x + 0.21 for x in at], nsdap, color=c.grey, width=0.38)
    for x, low, high, other in zip(at, spd, kpd, nsdap):
        for place, y, value, party in ((-0.21, low / 2, low, "SPD"), (-0.21, low + high / 2, high, "KPD")):
            axes.text(x + place, y, f"{party}\n{value:.1f}" if x == 0 else f"{value:.1f}", ha="center", va="center", color=c.paper, fontsize=SMALL, linespacing=1.05)
        over(axes, c, x - 0.21, low + high + 0.7, f"{low + high:.1f}", ha="center", fontsize=SMALL)
        over(axes, c, x + 0.21, other + 0.7, f"Nazis\n{other:.1f}" if x == 0 else f"{other:.1f}", ha="center", fontsize=SMALL, linespacing=1.05)
    axes.set_xticks(at, [name.replace(" ", "\n") for name in names])
    name_axis(axes, "Per cent of valid votes", ylim=(0, 47))


@chart("spanish_fleets_1936_1939", height=320)
def spanish_fleets(axes, c, table):
    """Tonnage of the two sides at two dates."""
    names, tons = table.texts("fleet"), table.column("tons")
    colours = [c.red if name.startswith("Republic") else c.grey for name in names]
    level_bars(axes, c, names, tons, [f"{value / 1e3:.1f}" for value in tons], colours)
    name_axis(axes, "Thousand tons", xlim=(0, max(tons) * 1.16))


@chart("china_vital_rates", height=520)
def china_rates(axes, c, table):
    """Births and deaths in China for a thousand people, estimated in full lines, registered in dashes."""
    x = years(table)
    for name, colour in (("births", c.blue), ("deaths", c.red)):
        axes.plot(x, table.column(f"{name}_estimated"), color=colour, linewidth=4)
        axes.plot(x, table.column(f"{name}_registered"), color=colour, linewidth=2.5, linestyle="--")
    name_axis(axes, "For every thousand people (dashes: as registered)", ylim=(0, 56), xlim=(1951.3, 1981), xticks=[1953, 1958, 1961, 1966, 1971, 1976, 1980])
    worst = x.index(1960)
    axes.text(1960, table.column("deaths_estimated")[worst] + 1, f"{table.column('deaths_estimated')[worst]:.1f}", ha="center", va="bottom", color=c.red)
    axes.text(1976.3, table.column("births_estimated")[x.index(1973)] + 4, "births", ha="center", va="bottom", color=c.blue)
    axes.text(1973, table.column("deaths_estimated")[x.index(1973)] + 2, "deaths", ha="center", va="bottom", color=c.red)


@chart("product_a_head_china_1950_1995", height=480)
def china_growth(axes, c, table):
    """Product a head in China, India and Vietnam, each line named at its end."""
    x = years(table)
    for name, label, colour, width in (("china", "China", c.red, 5), ("india", "India", c.blue, 3), ("vietnam", "Vietnam", c.ochre, 3)):
        y = table.column(name)
        axes.plot(x, y, color=colour, linewidth=width)
        axes.text(1995.6, y[-1] + (90 if name == "india" else -90 if name == "vietnam" else 0), label, va="center", color=colour)
    low = x.index(1961)
    axes.text(1961.5, table.column("china")[low] - 70, "1961", ha="center", va="top", color=c.red)
    name_axis(axes, "Product a head, dollars of 2011", 1, yticks=[0, 1_000, 2_000, 3_000, 4_000], xlim=(1947.5, 2004), ylim=(0, 4_300), xticks=[1950, 1957, 1965, 1978, 1992])


@chart("war_dead_stated", height=300)
def war_dead(axes, c, table):
    """Three level bars: the number told in public, the number reckoned in secret, the number owned."""
    low, high = table.column("low"), table.column("high")
    said = [f"{a:g}" if a == b else f"{a:g}\u2013{b:g}" for a, b in zip(low, high)]
    level_bars(axes, c, ["1946, told\nin public", "1956, reckoned\nin secret", "since 1990,\nofficial"], high, said, c.red)
    name_axis(axes, "Million people", xlim=(0, max(high) * 1.22))

"""Data: tables with their origin, numbers in the prose, charts. Every figure of a series is printed from its table.

``data/datapackage.json`` (Data Package v2) describes each ``data/series/*.csv``: origin, licence, schema, key, hash. frictionless checks
them before anything is read. Beside the standard's properties a resource has ``origin``, ``checks`` and ``caveats`` (MyST, printed) and
``corrections`` (row, column, was, now, reason), and a field may have ``unit`` (printed behind a number) and ``scale`` (1000 where the table counts in thousands).
"""

from __future__ import annotations

import csv
import hashlib
import json
import os.path
import re
from functools import cached_property
from pathlib import Path

import frictionless
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.domains import Domain
from sphinx.roles import XRefRole
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole
from sphinx.util.nodes import make_refnode

from ..shared import MONTHS, stop, table, typographic
from . import charts

logger = logging.getLogger(__name__)
PACKAGE = "data/datapackage.json"


class chart_table(nodes.container):
    """The table under a chart. HTML folds it away; the ePub and the PDF skip it, because it stands among the data at the back."""


class Series:
    """One resource of the data package with its rows, all cells text as in the file."""

    def __init__(self, root: Path, resource: dict):
        self.resource, self.name, self.title = resource, resource["name"], resource["title"]
        self.path = root / "data" / resource["path"]
        self.fields = {field["name"]: field for field in resource["schema"]["fields"]}
        with self.path.open(encoding="utf-8", newline="") as file:
            self.rows = list(csv.DictReader(file))

    @cached_property
    def by_key(self) -> dict[str, dict[str, str]]:
        """The rows by their primary key, its parts joined by a space."""
        return {" ".join(row[name] for name in self.resource["schema"]["primaryKey"]): row for row in self.rows}

    def value(self, rows: str, column: str) -> float:
        """The cell of `column` in `rows` (keys joined by ``+`` are added up, ``*`` is all of them), in single units.

        Raises KeyError with what would have been right when a row or the column is missing or empty.
        """
        if column not in self.fields:
            raise KeyError(f"no column {column!r} in {self.path.name}; it has {', '.join(self.fields)}")
        total = 0.0
        for key in self.by_key if rows == "*" else rows.split("+"):
            if key not in self.by_key:
                raise KeyError(f"no row {key!r} in {self.path.name}; it has {', '.join(list(self.by_key)[:6])} ...")
            if not self.by_key[key][column]:
                raise KeyError(f"row {key!r} of {self.path.name} has nothing in {column!r}")
            total += float(self.by_key[key][column])
        return total * self.fields[column].get("scale", 1)

    def column(self, name: str) -> list[float | None]:
        """A whole column as numbers in single units, None where the cell is empty. Raises KeyError for an unknown name."""
        if name not in self.fields:
            raise KeyError(f"no column {name!r} in {self.path.name}; it has {', '.join(self.fields)}")
        scale = self.fields[name].get("scale", 1)
        return [float(row[name]) * scale if row[name] else None for row in self.rows]

    def texts(self, name: str) -> list[str]:
        """A whole column as it stands in the file."""
        return [row[name] for row in self.rows]


def formatted(value: float, measure: str = "", unit: str = "") -> str:
    """`value` as the book prints it. `measure` is "", "millions", "thousands" or a number of decimals; `unit` may be "per cent".

    >>> formatted(681692), formatted(2468524, "millions"), formatted(24.9, unit="per cent"), formatted(-3.5)
    ('681,692', '2.5\\xa0million', '24.9\\xa0per cent', '−3.5')
    """
    if measure == "millions":
        text = f"{value / 1e6:,.1f}".removesuffix(".0") + "\N{NO-BREAK SPACE}million"
    elif measure == "thousands":
        text = f"{round(value, -3):,.0f}"
    elif measure:
        text = f"{value:,.{int(measure)}f}"
    else:
        text = f"{value:,.10f}".rstrip("0").rstrip(".")
    return text.replace("-", "\N{MINUS SIGN}") + (f"\N{NO-BREAK SPACE}{unit}" if unit == "per cent" else "")


class NumberRole(SphinxRole):
    """``{number}`series/row/column```: one cell, linked to its table; rows joined by ``+`` are added up, ``*`` is all of them.

    Behind it may stand ``in millions``, ``in thousands`` or ``to 1 decimal``. Warning: a series, row, column or cell that is not there.
    """

    def run(self):
        found = re.fullmatch(r"([\w-]+)/([^/]+)/([\w-]+)(?: (?:in (millions|thousands)|to (\d) decimals?))?", self.text)
        domain = self.env.get_domain("data")
        try:
            if not found:
                raise KeyError("write {number}`series/row/column` or {number}`series/row/column in millions`")
            name, row, column, measure, decimals = found.groups()
            series = domain.series(name)
            unit = series.fields.get(column, {}).get("unit", "")
            text = formatted(series.value(row, column), measure or decimals or "", unit)
        except KeyError as error:
            logger.warning(f"number {self.text!r}: {error.args[0]}", location=(self.env.docname, self.lineno), type="data")
            return [nodes.inline("", "?")], []
        self.env.note_dependency(str(series.path))
        link = addnodes.pending_xref("", nodes.inline("", text), refdomain="data", reftype="ref", reftarget=name, refwarn=True)
        link["classes"], link["refexplicit"] = ["number"], True
        link["refdoc"] = self.env.docname
        self.set_source_info(link)
        return [link], []


class Chart(SphinxDirective):
    """``{chart} name``: the drawing function `name` of charts.py over the tables it asks for, with its caption.

    Options, both required: ``alt`` (what the chart shows, in sentences), ``source`` (MyST: whose figures). The content is the caption.
    Errors: an option left out, a chart or table that does not exist, a table that lacks what the chart draws.
    """

    required_arguments = 1
    has_content = True
    option_spec = {"alt": directives.unchanged_required, "source": directives.unchanged_required}

    def run(self):
        name, domain = self.arguments[0], self.env.get_domain("data")
        for option, what in (("alt", "say in words what it shows"), ("source", "say whose figures these are")):
            if not self.options.get(option):
                raise self.error(f"chart {name!r} has no :{option}: {what}")
        if name not in charts.CHARTS:
            raise self.error(f"no chart {name!r} in extensions/data/charts.py; it has {', '.join(sorted(charts.CHARTS))}")
        drawing = charts.CHARTS[name]
        try:
            tables = [domain.series(series) for series in drawing.tables]
            light, dark, size = charts.draw(name, tables, Path(self.config.root, "build/charts"))
        except (KeyError, ValueError) as error:
            raise self.error(f"chart {name!r}: {error.args[0]}") from error
        except TypeError as error:  # None where a number was wanted
            raise self.error(f"chart {name!r}: a cell that it draws is empty: fill it, or leave its row out in charts.py") from error
        for file in [*(series.path for series in tables), charts.__file__, charts.OUTLINES]:
            self.env.note_dependency(str(file))
        image = nodes.image("", uri="/" + os.path.relpath(light, self.env.srcdir), alt=self.options["alt"])
        image["width"], image["height"], image["dark"] = f"{size[0]}px", f"{size[1]}px", str(dark)
        caption = nodes.caption("", "", *self.parse_inline(" ".join(self.content), lineno=self.lineno)[0])
        source = nodes.paragraph("", "Source: ", *self.parse_inline(self.options["source"], lineno=self.lineno)[0], classes=["chart-source"])
        figure = nodes.figure("", image, caption, nodes.legend("", source), classes=["chart"], ids=[f"chart-{name}"])
        figure["names"] = [f"chart-{name}"]
        self.set_source_info(figure)
        self.state.document.note_explicit_target(figure, figure)
        shown = [chart_table("", *(table_of(series) for series in tables), classes=["chart-table"])] if tables else []  # a diagram has no table
        return [figure, *shown]


def table_of(series: Series) -> nodes.table:
    """The whole series as a table, the fields' titles as heads, numbers as printed."""
    shown = series.fields.values()
    rows = [[_cell(field["title"], field) for field in shown], *([_cell(_shown(row[field["name"]], field), field) for field in shown] for row in series.rows)]
    return table(rows, [1] * len(shown), ["data"])


def _shown(text: str, field: dict) -> str:
    """A cell as its source prints it: with that many decimals, in single units; days, months and spans of years as the prose has them.

    >>> _shown("1943-11", {"type": "string"}), _shown("1943-44", {"type": "string"}), _shown("1.50", {"type": "number"})
    ('November 1943', '1943–44', '1.50')
    """
    if field["type"] in {"integer", "number"} and text:
        scale = field.get("scale", 1)
        return formatted(float(text) * scale, str(max(0, len(text.partition(".")[2]) - len(str(scale)) + 1)))
    if (month := re.fullmatch(r"(\d\d(\d\d))-(\d\d)", text)) and 1 <= int(month[3]) <= min(12, int(month[2])):  # no span of years ends before it begins
        return f"{MONTHS[int(month[3]) - 1]} {month[1]}"
    return typographic(text) or "\N{EN DASH}"


def _cell(text: str, field: dict) -> nodes.paragraph:
    return nodes.paragraph("", text, classes=["number"] if field["type"] in {"integer", "number"} else [])


class DataSets(SphinxDirective):
    """``{data-sets}``: a section a data set, with origin, checks, caveats, table and download."""

    def run(self):
        domain, out = self.env.get_domain("data"), []
        self.env.note_dependency(str(Path(self.config.root, PACKAGE)))
        for series in domain.all_series():
            resource = series.resource
            section = nodes.section("", nodes.title("", series.title), ids=[f"data-{series.name}"], names=[f"data-{series.name}"])
            self.state.document.note_explicit_target(section, section)
            domain.note(series.name, self.env.docname)
            for label, text in (
                ("", resource["description"]),
                ("Origin.", resource["origin"]),
                ("Read and checked.", resource["checks"]),
                ("Take care.", resource["caveats"]),
            ):
                start = [nodes.strong("", label), nodes.Text(" ")] if label else []
                section += nodes.paragraph("", "", *start, *self.parse_inline(text, lineno=self.lineno)[0])
            if resource["corrections"]:
                section += nodes.paragraph("", "", nodes.strong("", "Corrected."))
                section += nodes.bullet_list("", *(nodes.list_item("", nodes.paragraph("", self.correction(series, fix))) for fix in resource["corrections"]))
            link = nodes.reference("", series.path.name, refuri=f"{self.config.book['url']}downloads/series/{series.path.name}", classes=["site-file"])
            section += nodes.paragraph("", "Download: ", link, nodes.Text(f" ({resource['licenses'][0]['title']})."))
            section += table_of(series)
            out.append(section)
        return out

    @staticmethod
    def correction(series: Series, fix: dict) -> str:
        column = series.fields.get(fix["column"], {"title": "every column"})["title"]
        return f"{fix['row']}, {column}: {fix['was']}, now {fix['now']}; {fix['reason']}."


class DataDomain(Domain):
    """Knows the data package and the page on which each of its tables stands."""

    name, label = "data", "Data"
    roles = {"ref": XRefRole()}
    initial_data = {"pages": {}}
    data_version = 1

    def all_series(self) -> list[Series]:
        if not hasattr(self, "_all"):
            root = Path(self.env.config.root)
            package = json.loads((root / PACKAGE).read_text("utf-8"))
            self._all = [Series(root, resource) for resource in package["resources"]]
        return self._all

    def series(self, name: str) -> Series:
        """The series `name`; raises KeyError naming those that exist."""
        for series in self.all_series():
            if series.name == name:
                return series
        raise KeyError(f"no series {name!r} in {PACKAGE}; it has {', '.join(s.name for s in self.all_series())}")

    def note(self, name, docname):
        self.data["pages"][name] = docname

    def clear_doc(self, docname):
        self.data["pages"] = {name: doc for name, doc in self.data["pages"].items() if doc != docname}

    def merge_domaindata(self, docnames, otherdata):
        self.data["pages"] |= {name: doc for name, doc in otherdata["pages"].items() if doc in docnames}

    def resolve_xref(self, env, fromdocname, builder, typ, target, node, contnode):
        if target in self.data["pages"]:
            link = make_refnode(builder, fromdocname, self.data["pages"][target], f"data-{target}", contnode)
            link["classes"] += ["number"]
            return link
        return None


def outdated(series: Series) -> list[str]:
    """What the corrections of a table expect and the table no longer has: each names a cell and what stands there now (or "left out")."""
    out = []
    for fix in series.resource["corrections"]:
        cell = series.by_key.get(fix["row"], {}).get(fix["column"], "")
        there = formatted(float(cell)) if cell and series.fields[fix["column"]]["type"] in {"integer", "number"} else cell or "left out"
        if there != fix["now"]:
            out.append(f"the correction of {fix['row']}, {fix['column']} expects {fix['now']!r} and the table has {there!r}: mend the table, or drop the correction")
    return out


def check_package(app):
    """Checks every table against its description and its corrections. Ends the build, a message a fault with file, row and cure."""
    root, faults = Path(app.confdir), []
    try:
        package = json.loads((root / PACKAGE).read_text("utf-8"))
    except (OSError, ValueError) as error:
        stop([(f"cannot be read: {error}; mend the file", f"{PACKAGE}:{getattr(error, 'lineno', 1)}")], "data")
    for resource in package["resources"]:
        path = f"data/{resource['path']}"
        described = {key: resource[key] for key in ("name", "path", "schema") if key in resource}
        sound = True
        for report in frictionless.validate(described, basepath=str(root / "data")).tasks:
            for error in report.errors:
                sound, line = False, getattr(error, "row_number", None) or 1
                faults.append((f"{error.message.rstrip('.')}: mend the row, or the schema in {PACKAGE}", f"{path}:{line}"))
        data = (root / path).read_bytes() if (root / path).exists() else b""
        if f"sha256:{hashlib.sha256(data).hexdigest()}" != resource.get("hash"):
            faults.append((f"its bytes are not those that {PACKAGE} describes: check the change, then run `make hashes`", f"{path}:1"))
        if sound:
            faults += [(message, f"{path}:1") for message in outdated(Series(root, resource))]
    stop(faults, "data")


def open_chart_table(self, node):
    if self.builder.name == "epub":
        raise nodes.SkipNode
    self.body.append('<details class="chart-table"><summary>The figures</summary>')


def setup(app):
    app.add_domain(DataDomain)
    app.add_node(chart_table, html=(open_chart_table, lambda self, node: self.body.append("</details>")))
    app.add_role("number", NumberRole())
    app.add_directive("chart", Chart)
    app.add_directive("data-sets", DataSets)
    app.connect("builder-inited", check_package)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}

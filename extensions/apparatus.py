"""The apparatus at the back: the timeline, and the people, each drawn from one table."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

TIMELINE = ("date", "place", "theme", "event")


class Timeline(SphinxDirective):
    """``{timeline}``: data/timeline.csv as a table; `event` is MyST and cites its source. Error: a wrong column, an event without a citation."""

    def run(self):
        path = Path(self.env.app.confdir) / "data/timeline.csv"
        self.env.note_dependency(str(path))
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != TIMELINE:
                raise self.error(f"data/timeline.csv:1: columns must be {','.join(TIMELINE)}")
            rows = []
            for row in reader:
                if "{cite:" not in (row["event"] or ""):
                    raise self.error(f"data/timeline.csv:{reader.line_num}: the event cites nothing: add {{cite:p}}`key`")
                rows.append([row["date"], row["place"], row["event"]])
        group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in (3, 3, 9)), cols=3)
        head = nodes.row("", *(nodes.entry("", nodes.paragraph("", text)) for text in ("Date", "Place", "What happened")))
        body = nodes.tbody("", *(self.row(row) for row in rows))
        group += [nodes.thead("", head), body]
        return [nodes.table("", group, classes=["timeline"])]

    def row(self, cells: list[str]) -> nodes.row:
        return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *self.parse_inline(text, lineno=self.lineno)[0])) for text in cells))


class People(SphinxDirective):
    """``{people}``: data/people.toml as a list: name, dates, who it was (MyST, cited), sorted by family name."""

    def run(self):
        path = Path(self.env.app.confdir) / "data/people.toml"
        self.env.note_dependency(str(path))
        people = tomllib.loads(path.read_text("utf-8"))
        out = nodes.definition_list(classes=["people"])
        for id, person in sorted(people.items(), key=lambda item: item[1]["name"]):
            if "{cite:" not in person["about"]:
                raise self.error(f"data/people.toml: {id} cites nothing: add {{cite:p}}`key` to `about`")
            term = nodes.term("", "", nodes.inline("", person["name"], classes=["name"]), nodes.Text(f" ({person['dates']})"), ids=[f"person-{id}"])
            about = nodes.paragraph("", "", *self.parse_inline(person["about"], lineno=self.lineno)[0])
            out += nodes.definition_list_item("", term, nodes.definition("", about))
        return [out]


def setup(app):
    app.add_directive("timeline", Timeline)
    app.add_directive("people", People)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}

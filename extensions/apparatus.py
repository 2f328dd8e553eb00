"""The apparatus at the back, drawn from files in data/: the timeline and the people."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from .citations import plain

TIMELINE = ("date", "place", "theme", "event")
PERSON = {"name", "dates", "who", "chapters"}


class Timeline(SphinxDirective):
    """``{timeline}``: data/timeline.csv as a table; `event` is MyST and cites its source. Error: a wrong column, an event without a citation."""

    def run(self):
        path = Path(self.config.root, "data/timeline.csv")
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
        group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in (4, 3, 9)), cols=3)
        head = nodes.row("", *(nodes.entry("", nodes.paragraph("", text)) for text in ("Date", "Place", "What happened")))
        body = nodes.tbody("", *(self.row(row) for row in rows))
        group += [nodes.thead("", head), body]
        return [nodes.table("", group, classes=["timeline"])]

    def row(self, cells: list[str]) -> nodes.row:
        return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *self.parse_inline(text, lineno=self.lineno)[0])) for text in cells))


class People(SphinxDirective):
    """``{people}``: data/people.toml as a list of names, each with `who` (MyST, with its citation) and the labels of the chapters in which the person stands.

    Errors: unreadable TOML, an unknown or missing field, a `who` without a citation, a name out of the order of the alphabet.
    """

    def run(self):
        path, before = Path(self.config.root, "data/people.toml"), ""
        self.env.note_dependency(str(path))
        try:
            people = tomllib.loads(path.read_text("utf-8"))
        except (UnicodeError, tomllib.TOMLDecodeError) as error:
            raise self.error(f"data/people.toml: cannot be read: {error}") from error
        listed = nodes.definition_list()
        for key, person in people.items():
            if set(person) | {"dates"} != PERSON or not person["chapters"]:
                raise self.error(f"data/people.toml: {key}: has {', '.join(person)}: give name, who and chapters, and dates where they were seen")
            if "{cite:" not in person["who"]:
                raise self.error(f"data/people.toml: {key}: cites nothing: add {{cite:p}}`key` to who")
            order = plain(person["name"])
            if order < before:
                raise self.error(f"data/people.toml: {key}: {person['name']} comes too late: put names in the order of the alphabet")
            before = order
            places = ", ".join(f"{{numref}}`{label}`" for label in person["chapters"])
            name = person["name"] + (f" ({person['dates']})" if "dates" in person else "")
            text = nodes.paragraph("", "", *self.parse_inline(f"{person['who']} See {places}.", lineno=self.lineno)[0])
            listed += nodes.definition_list_item("", nodes.term("", name), nodes.definition("", text))
        return [listed]


def setup(app):
    app.add_directive("people", People)
    app.add_directive("timeline", Timeline)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}

"""The apparatus at the back, drawn from tables: so far the timeline."""

from __future__ import annotations

import csv
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

TIMELINE = ("date", "place", "theme", "event")


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


def setup(app):
    app.add_directive("timeline", Timeline)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}

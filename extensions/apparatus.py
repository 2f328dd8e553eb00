"""The apparatus at the back, drawn from files: the timeline and the people from data/, what second readers found from audits/.

People and terms are linked both ways: a chapter's first naming of a person leads to the page of people, which leads to the chapter; a term's
entry leads to the chapters that link to it.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Iterator

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

from .shared import MONTHS, count_table, plain, reading_order, table

logger = logging.getLogger(__name__)
TIMELINE = ("date", "place", "region", "theme", "event", "strip")
THEMES = ("revolution", "party and state", "work and plan", "land and famine", "terror", "women and nations", "revolt", "war and empire", "ideas and memory")
REGIONS = ("Russia and the USSR", "the other Soviet republics", "Eastern Europe", "Western Europe and the Americas", "Asia and Africa")
AUDITED = {
    "claims": "The register",
    "coverage": "The essay, line by line, against the book",
    "edit": "Sentences changed in the last edit",
    "sources": "Sources added or dated in the last rounds",
}
STARTS = {name: month for month, name in enumerate(MONTHS, 1)} | {"Spring": 3, "Summer": 6, "Autumn": 9, "Winter": 12}
PERSON = {"name", "dates", "who", "chapters"}


class timeline_filter(nodes.General, nodes.Element):
    """The choices above the timeline. Only the site has them; they work by the style sheet alone."""


def when(date: str) -> tuple[int, int, int]:
    """Where a date as the book prints it stands in time: year, month (of a season its first) and day, 0 where there is none.

    Raises ValueError where it names no year.

    >>> when("23 February (8 March) 1917"), when("27 October – 4 November 1937"), when("1932–34"), when("Autumn 1923")
    ((1917, 2, 23), (1937, 10, 27), (1932, 0, 0), (1923, 9, 0))
    """
    if not (year := re.search(r"\b\d{4}\b", date)):
        raise ValueError("names no year")
    month = re.search(rf"(?:\b(\d{{1,2}})(?:–\d{{1,2}})? )?\b({'|'.join(STARTS)})", date)
    return int(year[0]), STARTS[month[2]] if month else 0, int(month[1] or 0) if month else 0


class Timeline(SphinxDirective):
    """``{timeline}``: data/timeline.csv as a table; `event` is MyST and cites its source. Option ``part``: its strip only.

    The strip of part 2 is a row of those events whose `strip` reads ``2: a few words``.
    Errors: a wrong column, an event without a citation, a theme or region off the list, a date out of order.
    """

    option_spec = {"part": directives.nonnegative_int}

    def run(self):
        events = self.events()
        if "part" in self.options:
            strip = [(event["date"], text) for event in events for part, _, text in [event["strip"].partition(": ")] if part == str(self.options["part"])]
            if not strip:
                raise self.error(f"data/timeline.csv: no event has part {self.options['part']} in its column strip")
            head = nodes.paragraph("", "From the timeline", classes=["strip-head"])
            return [head, self.table([[date for date, _ in strip], [text for _, text in strip]], [1] * len(strip), ["strip", f"strip-{len(strip)}"])]
        dated = self.table([["Date", "Place", "What happened"], *([event[name] for name in ("date", "place", "event")] for event in events)], [10, 8, 20], ["timeline"])
        for row, event in zip(dated.findall(lambda node: isinstance(node, nodes.row) and isinstance(node.parent, nodes.tbody)), events):
            row["classes"] += [f"theme-{THEMES.index(event['theme'])}", f"region-{REGIONS.index(event['region'])}"]
        return [timeline_filter(), dated]

    def events(self) -> list[dict[str, str]]:
        path, out, before = Path(self.config.root, "data/timeline.csv"), [], (0, 0, 0)
        self.env.note_dependency(str(path))
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != TIMELINE:
                raise self.error(f"data/timeline.csv:1: columns must be {','.join(TIMELINE)}")
            for row in reader:
                place = f"data/timeline.csv:{reader.line_num}"
                if None in row or None in row.values():
                    raise self.error(f"{place}: not {len(TIMELINE)} columns: put an event with commas between double quotes")
                if not re.search(r"\{cite:[pt]\}`[^`]+`", row["event"]):
                    raise self.error(f"{place}: the event cites nothing, or is cut short: add {{cite:p}}`key`, and put an event with commas between double quotes")
                if not re.fullmatch(r"(\d: .+)?", row["strip"]):
                    raise self.error(f"{place}: strip {row['strip']!r}: write the number of a part, a colon and a few words, or nothing")
                for column, known in (("theme", THEMES), ("region", REGIONS)):
                    if row[column] not in known:
                        raise self.error(f"{place}: no {column} {row[column]!r}: use one of {', '.join(known)}")
                try:
                    then = when(row["date"])
                except ValueError as error:
                    raise self.error(f"{place}: the date {row['date']!r} {error}: give one") from error
                if then < before:
                    raise self.error(f"{place}: {row['date']} comes too late: put events in the order of time")
                before = then
                out.append(row)
        return out

    def table(self, rows: list[list[str]], widths: list[int], classes: list[str]) -> nodes.table:
        return table([[nodes.paragraph("", "", *self.parse_inline(text, lineno=self.lineno)[0]) for text in row] for row in rows], widths, classes)


def open_filter(self, node):
    if self.builder.name == "html":
        self.body.append('<div class="timeline-filter">')
        for name, title, every, known in (("theme", "What", "everything", THEMES), ("region", "Where", "everywhere", REGIONS)):
            choices = [("all", every, " checked"), *((i, text, "") for i, text in enumerate(known))]
            labels = "".join(f'<label><input type="radio" name="{name}" id="{name}-{i}"{checked}> {text}</label>' for i, text, checked in choices)
            self.body.append(f"<fieldset><legend>{title}</legend>{labels}</fieldset>")
        self.body.append("</div>")
    raise nodes.SkipNode


def chapters(srcdir: Path) -> dict[str, int]:
    """Each chapter's number, which its file's name begins with, by the label at its head. A link with its text spares Sphinx the look into the chapter."""
    numbers = {}
    for path in sorted(srcdir.glob("*/[0-9][0-9]-*.md")):
        with path.open(encoding="utf-8") as file:
            numbers[file.readline().strip("()=\n")] = int(path.name[:2])
    return numbers


def see(chapters: int) -> str:
    return f"See chapter{'s' * (chapters > 1)}\N{NO-BREAK SPACE}"


class People(SphinxDirective):
    """``{people}``: data/people.toml as a list of names, each with `who` (MyST, with its citation) and the labels of the chapters in which the person stands.

    To Sphinx each name is a term, so that chapters link to it as they do to the glossary.

    Errors: unreadable TOML, an unknown or missing field, a `who` without a citation, a name out of the order of the alphabet.
    """

    def run(self):
        path, before = Path(self.config.root, "data/people.toml"), ""
        self.env.note_dependency(str(path))
        try:
            people = tomllib.loads(path.read_text("utf-8"))
        except (UnicodeError, tomllib.TOMLDecodeError) as error:
            raise self.error(f"data/people.toml: cannot be read: {error}") from error
        listed, numbers = nodes.definition_list(classes=["glossary"]), chapters(Path(self.env.srcdir))
        for key, person in people.items():
            if set(person) | {"dates"} != PERSON or not person["chapters"]:
                raise self.error(f"data/people.toml: {key}: has {', '.join(person)}: give name, who and chapters, and dates where they were seen")
            if "{cite:" not in person["who"]:
                raise self.error(f"data/people.toml: {key}: cites nothing: add {{cite:p}}`key` to who")
            order = plain(person["name"])
            if order < before:
                raise self.error(f"data/people.toml: {key}: {person['name']} comes too late: put names in the order of the alphabet")
            before = order
            if lost := [label for label in person["chapters"] if label not in numbers]:
                raise self.error(f"data/people.toml: {key}: no chapter begins with the label {lost[0]!r}; there are {', '.join(numbers)}")
            places = ", ".join(f"{{ref}}`{numbers[label]} <{label}>`" for label in person["chapters"])
            name = person["name"] + (f" ({person['dates']})" if "dates" in person else "")
            text = nodes.paragraph("", "", *self.parse_inline(f"{person['who']} {see(len(person['chapters']))}{places}.", lineno=self.lineno)[0])
            term = nodes.term("", name, ids=[f"person-{key}"])
            self.env.get_domain("std").note_object("term", person["name"], term["ids"][0], location=f"data/people.toml: {key}")
            listed += nodes.definition_list_item("", term, nodes.definition("", text))
        return [listed]


class Namings(SphinxTransform):
    """Links a chapter's naming of each of its people to the page of people: the first in the running text, or else in a list, quotation or note.

    Warning: a chapter that never names somebody whom data/people.toml places in it.
    """

    default_priority = 500

    def apply(self, **kwargs):
        path = Path(self.config.root, "data/people.toml")
        if not re.match(r"\d\d-", Path(self.env.docname).name) or not path.exists():
            return
        known = chapters(Path(self.env.srcdir))
        here = next((label for label in self.document.nameids if label in known), None)
        self.env.note_dependency(str(path))
        try:
            people = tomllib.loads(text := path.read_text("utf-8"))
        except (UnicodeError, tomllib.TOMLDecodeError):
            return  # People says so
        self.texts = [text for text in self.document.findall(nodes.Text) if isinstance(text.parent, nodes.paragraph)]
        for key, person in people.items():
            if PERSON - {"dates"} <= set(person) and here in person["chapters"] and not self.link(person["name"]):  # People says what lacks a field
                line = text[: text.index(f"[{key}]")].count("\n") + 1
                logger.warning(f"{key}: chapter {here!r} never names {person['name']}: take it out of chapters", location=f"data/people.toml:{line}")

    def link(self, name: str) -> bool:
        """Links the first naming in full, or the first by the family's name alone; False where there is neither."""
        family, comma, given = name.partition(", ")
        full = "|".join(rf"{re.escape(word)}\s(?:[A-Z][\w.]*\s)*{re.escape(family)}" for word in given.split())
        if not comma:
            family, full = name.split()[0], re.escape(name)  # Chinese names have the family's first
        for running, pattern in product((True, False), filter(None, (full, re.escape(family)))):
            for place, text in enumerate(self.texts):
                found = re.search(rf"(?<![\w-])(?:{pattern})(?![\w-])", text)
                if found and (not running or isinstance(text.parent.parent, nodes.section)):
                    self.texts[place : place + 1] = self.replace(text, found, name)
                    return True
        return False

    def replace(self, text: nodes.Text, found: re.Match, name: str) -> list[nodes.Text]:
        """Makes the words `found` in `text` a link to the entry of `name`, and returns what is left of `text` before and behind it."""
        target = {"refdomain": "std", "reftype": "term", "reftarget": name, "refdoc": self.env.docname, "refexplicit": True, "refwarn": True}
        link = addnodes.pending_xref("", nodes.inline("", found[0], classes=["xref", "std", "std-term"]), **target)
        link.source, link.line = text.parent.source, text.parent.line
        before, after = nodes.Text(text[: found.start()]), nodes.Text(text[found.end() :])
        text.parent.replace(text, [part for part in (before, link, after) if part.astext()])
        return [part for part in (before, after) if part]


class IndexPlaces(SphinxTransform):
    """Moves the place of an index entry from the head of its passage to the first naming of its word, so that a page reference is right to the page."""

    default_priority = 250  # before docutils hands the place to what stands behind it

    def following(self, node: nodes.Node) -> Iterator[nodes.Node]:
        """What the running paragraphs behind `node` consist of (texts, links, stressed words), to the end of its section or, where it stands before a heading, of the next."""
        passage, blocks = False, list(node.parent.children[node.parent.index(node) + 1 :])
        while blocks:
            block = blocks.pop(0)
            if isinstance(block, nodes.section):
                blocks = [] if passage else list(block.children)
            elif isinstance(block, nodes.paragraph):
                passage = True
                yield from block.children

    def apply(self, **kwargs):
        places = {id: target for target in self.document.findall(nodes.target) for id in target["ids"]}
        for index in list(self.document.findall(addnodes.index)):
            kind, entry, id, *_ = index["entries"][0]
            word = re.compile(rf"(?:\b[A-Z][\w.-]*\s)*\b{re.escape(re.split('[;,]', entry)[0].strip())}")  # with the names before it
            part = next((part for part in self.following(index) if word.search(part.astext())), None)
            if kind == "single" and id in places and part is not None:
                at = word.search(part.astext()).start() if isinstance(part, nodes.Text) else 0  # before a link, not within it
                places[id].parent.remove(places[id])
                before, after = (nodes.Text(part[:at]), nodes.Text(part[at:])) if at else (nodes.Text(""), part)
                part.parent.replace(part, [node for node in (before, places[id], after) if node is not before or before])


def update_terms(app, env) -> list[str]:
    """The pages that explain terms are written again when other chapters link to them."""
    known, env.term_uses = getattr(env, "term_uses", None), {doc: noted["terms"] for doc, noted in env.metadata.items() if noted["terms"]}
    return sorted({doc for (kind, _), (doc, _) in env.get_domain("std").objects.items() if kind == "term" and known != env.term_uses})


class GlossaryTransform(SphinxPostTransform):
    """Ends each entry of the glossary with links to the chapters that link to it."""

    default_priority = 5  # before references are resolved

    def run(self, **kwargs):
        numbers = self.env.toc_secnumbers
        order = [doc for doc in reading_order(self.env) if numbers.get(doc, {}).get("")]
        for item in (item for glossary in self.document.findall(addnodes.glossary) for item in glossary.findall(nodes.definition_list_item)):
            terms = {term.astext() for term in item.findall(nodes.term)}
            docs = [doc for doc in order if terms & self.env.metadata[doc]["terms"]]
            links = [make_refnode(self.env._app.builder, self.env.docname, doc, "", nodes.Text(str(numbers[doc][""][0]))) for doc in docs]
            if links:
                commas = [nodes.Text(f" {see(len(links))}"), *(nodes.Text(", ") for _ in links[1:])]
                item[-1][-1].extend([*(part for pair in zip(commas, links) for part in pair), nodes.Text(".")])


class figure_list(nodes.General, nodes.Element):
    """Placeholder of the list of charts and tables, filled by `FigureListTransform`."""


class Figures(SphinxDirective):
    """``{figures}``: every chart and captioned table of the book with its number, linked."""

    def run(self):
        return [figure_list()]


class FigureListTransform(SphinxPostTransform):
    """Fills the list in the order of reading, once all numbers are known."""

    default_priority = 5  # before references are resolved

    def run(self, **kwargs):
        for node in list(self.document.findall(figure_list)):
            items = nodes.bullet_list()
            for doc in reading_order(self.env):
                kinds = self.env.toc_fignumbers.get(doc, {})
                for id in self.env.metadata[doc]["captions"]:  # in the order of the page, charts and tables together
                    for kind, number in ((kind, numbers[id]) for kind, numbers in kinds.items() if id in numbers):
                        name = nodes.Text(self.config.numfig_format[kind] % ".".join(map(str, number)))
                        link = make_refnode(self.env._app.builder, self.env.docname, doc, id, name)
                        items += nodes.list_item("", nodes.paragraph("", "", link, nodes.Text(f": {self.env.metadata[doc]['captions'][id].split('. ')[0]}")))
            node.replace_self(items)


class Audits(SphinxDirective):
    """``{audits}``: what second readers found, a row a chapter and one each for the register, the sources and the essay, counted from the column `result` of audits/*.csv.

    Error: a file without that column.
    """

    def run(self):
        counts: dict[str, Counter] = {}
        for path in sorted(Path(self.config.root, "audits").glob("*.csv")):
            self.env.note_dependency(str(path))
            name = f"Chapter {int(path.stem[:2])}" if path.stem[:2].isdigit() else AUDITED[path.stem.partition("-")[0]]
            with path.open(encoding="utf-8", newline="") as file:
                reader = csv.DictReader(file)
                if "result" not in (reader.fieldnames or ()):
                    raise self.error(f"audits/{path.name}:1: has no column result: add it")
                counts.setdefault(name, Counter()).update(self.found(row["result"] or "") for row in reader)
        rows = [[name, *map(str, (count.total(), count["mended"], count["unchecked"]))] for name, count in counts.items()]
        return [count_table([["What was read", "Sentences or citations", "Mended", "Could not be checked"], *rows], (3, 2, 1, 2))]

    @staticmethod
    def found(result: str) -> str:
        return "mended" if result.startswith(("mend", "added")) else "unchecked" if "not verifiable" in result else "right"


def setup(app):
    app.add_directive("audits", Audits)
    app.add_node(figure_list)
    app.add_directive("figures", Figures)
    app.add_post_transform(FigureListTransform)
    app.add_node(timeline_filter, html=(open_filter, None))
    app.add_directive("people", People)
    app.add_post_transform(GlossaryTransform)
    app.add_transform(IndexPlaces)
    app.add_transform(Namings)
    app.connect("env-get-updated", update_terms)
    app.add_directive("timeline", Timeline)
    return {"version": "1", "env_version": 2, "parallel_read_safe": True, "parallel_write_safe": True}

"""What several extensions need; itself none of them."""

from __future__ import annotations

import re
import sys
import unicodedata
from typing import Iterator

from docutils import nodes
from sphinx import addnodes
from sphinx.environment.adapters.indexentries import IndexEntries
from sphinx.util import logging

logger = logging.getLogger(__name__)
MONTHS = "January February March April May June July August September October November December".split()


def plain(text: str) -> str:
    """`text` folded for sorting and comparing: no accents, no case, dashes and spaces made one."""
    text = unicodedata.normalize("NFKD", re.sub(r"[{}]", "", text))
    text = "".join(c for c in text if not unicodedata.combining(c)).casefold()
    return re.sub(r"\s+", " ", re.sub("[\N{EN DASH}\N{EM DASH}\N{NON-BREAKING HYPHEN}]", "-", text)).strip()


def typographic(text: str) -> str:
    """`text` as it prints where it was kept with the marks of a keyboard: quotation marks, apostrophes, dashes, days.

    >>> typographic("Stalin's 'purges' of 1937-38 - seen 2026-11-29")
    'Stalin’s ‘purges’ of 1937–38 – seen 29\\xa0November 2026'
    """
    text = re.sub(r"\b(\d{4})-(\d\d)-(\d\d)\b", lambda day: f"{int(day[3])}\N{NO-BREAK SPACE}{MONTHS[int(day[2]) - 1]} {day[1]}", text)
    text = re.sub(r"(?<=\d)-(?=\d)", "\N{EN DASH}", text).replace(" - ", " \N{EN DASH} ").replace("...", "\N{HORIZONTAL ELLIPSIS}")
    text = re.sub(r"""(^|[\s(\[/\u2018\u201c])'(?=[^\W\d])""", "\\1\N{LEFT SINGLE QUOTATION MARK}", text).replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")
    return re.sub(r"""(^|[\s(\[/\u2018\u201c])"(?=\w)""", "\\1\N{LEFT DOUBLE QUOTATION MARK}", text).replace('"', "\N{RIGHT DOUBLE QUOTATION MARK}")


def reading_order(env) -> Iterator[str]:
    """Names of documents as a reader meets them."""
    doc, relations = env.config.root_doc, env.collect_relations()
    while doc:
        yield doc
        doc = relations[doc][2]


def parts(env) -> list[tuple[str, list[str]]]:
    """The book's parts in order: the caption of each toctree on the first page, "" where it has none, and its documents."""
    return [(toctree.get("caption") or "", toctree["includefiles"]) for toctree in env.get_doctree(env.config.root_doc).findall(addnodes.toctree)]


def let_break(link, wbr: str):
    """Lets an address in an lxml element break behind its marks; `wbr` is the name of that element, in ePub with its namespace."""
    link.text, *rest = re.split(r"(?<=[/._?=&-])(?=\w)", link.text or "")
    for piece in rest:
        link.append(link.makeelement(wbr))
        link[-1].tail = piece


def index_entries(builder) -> list[tuple[str, list]]:
    """Sphinx's index by letter, mended: each head (name, places, (below, places)) under its letter without accent or mark, *see also* last.

    The glossary's singular goes to the plural that the chapters index, and no head is torn at a bracket.
    """
    counted = [entry for _, entries in IndexEntries(builder.env).create_index(builder, group_entries=False) for entry in entries]
    names, heads = {name for name, _ in counted}, {}
    for name, (places, below, _) in counted:
        mine, subs = heads.setdefault(f"{name}s" if f"{name}s" in names else name, ([], {}))
        mine += places
        for text, where in below:
            subs.setdefault(text, []).extend(where)

    def key(text: str) -> str:
        return re.sub(r"^\W+", "", plain(text))

    letters: dict[str, list] = {}
    for name in sorted(heads, key=key):
        places, subs = heads[name]
        below = sorted(subs.items(), key=lambda item: (item[0].startswith("see also"), key(item[0])))
        letter = key(name)[:1].upper()
        letters.setdefault(letter if letter.isalpha() else "0\N{EN DASH}9", []).append((name, (places, below, None)))
    return list(letters.items())


def is_caption(node: nodes.Node) -> bool:
    """Of a chart, or of a table, where docutils calls it a title."""
    return isinstance(node, nodes.caption) or (isinstance(node, nodes.title) and isinstance(node.parent, nodes.table))


def table(rows: list[list[nodes.paragraph]], widths: list[int], classes: list[str]) -> nodes.table:
    """A table, the first of `rows` its heads; `widths` in proportion."""
    made = [nodes.row("", *(nodes.entry("", cell) for cell in row)) for row in rows]
    group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in widths), cols=len(widths))
    group += [nodes.thead("", made[0]), nodes.tbody("", *made[1:])]
    return nodes.table("", group, classes=classes)


def count_table(rows: list[list[str]], widths: tuple[int, ...]) -> nodes.table:
    """A table of counts: the first column names, the others numbers."""
    rows = [[f"{int(text):,}" if text.isdigit() else text for text in row] for row in rows]
    return table([[nodes.paragraph("", text, classes=["number"] if i else []) for i, text in enumerate(row)] for row in rows], widths, ["data"])


def stop(faults: list[tuple[str, str]], kind: str):
    """Prints each (message, file:line) and ends the build at once: what rests on a broken file would only say the same again."""
    for message, place in faults:
        logger.error(message, location=place, type=kind)
    if faults:
        sys.exit(1)

"""What several extensions need; itself none of them."""

from __future__ import annotations

import re
import sys
import unicodedata
from typing import Iterator

from docutils import nodes
from sphinx import addnodes
from sphinx.util import logging

logger = logging.getLogger(__name__)


def plain(text: str) -> str:
    """`text` folded for sorting and comparing: no accents, no case, dashes and spaces made one."""
    text = unicodedata.normalize("NFKD", re.sub(r"[{}]", "", text))
    text = "".join(c for c in text if not unicodedata.combining(c)).casefold()
    return re.sub(r"\s+", " ", re.sub("[\N{EN DASH}\N{EM DASH}\N{NON-BREAKING HYPHEN}]", "-", text)).strip()


def reading_order(env) -> Iterator[str]:
    """Names of documents as a reader meets them."""
    doc, relations = env.config.root_doc, env.collect_relations()
    while doc:
        yield doc
        doc = relations[doc][2]


def parts(env) -> list[tuple[str, list[str]]]:
    """The book's parts in order: the caption of each toctree on the first page, "" where it has none, and its documents."""
    return [(toctree.get("caption") or "", toctree["includefiles"]) for toctree in env.get_doctree(env.config.root_doc).findall(addnodes.toctree)]


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
    return table([[nodes.paragraph("", text, classes=["number"] if i else []) for i, text in enumerate(row)] for row in rows], widths, ["data"])


def stop(faults: list[tuple[str, str]], kind: str):
    """Prints each (message, file:line) and ends the build at once: what rests on a broken file would only say the same again."""
    for message, place in faults:
        logger.error(message, location=place, type=kind)
    if faults:
        sys.exit(1)

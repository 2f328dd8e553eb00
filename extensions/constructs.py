"""What authors may write: everything that is not on these lists is refused, with file and line. STYLE.md lists them for people."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import imagesize
from docutils import nodes
from sphinx import addnodes
from sphinx.util import logging

from .shared import is_caption

logger = logging.getLogger(__name__)

ROLES = {"cite:p", "cite:t", "claim", "claim-count", "number", "ref", "numref", "doc", "term", "index", "lang", "sub", "sup", "download"}
DIRECTIVES = {
    "admonition", "audits", "chart", "claims", "claim-counts", "container", "data-sets", "downloads", "epigraph", "figure", "figures", "glossary", "include", "index",
    "list-table", "people", "quotations", "source-counts", "sources", "table", "timeline", "toctree",
}  # fmt: skip
NODES = (
    nodes.document, nodes.section, nodes.title, nodes.paragraph, nodes.Text, nodes.emphasis, nodes.strong, nodes.inline, nodes.superscript,
    nodes.subscript, nodes.reference, nodes.target, nodes.footnote, nodes.footnote_reference, nodes.label, nodes.bullet_list,
    nodes.enumerated_list, nodes.list_item, nodes.definition_list, nodes.definition_list_item, nodes.term, nodes.definition, nodes.block_quote,
    nodes.attribution, nodes.table, nodes.tgroup, nodes.colspec, nodes.thead, nodes.tbody, nodes.row, nodes.entry, nodes.figure, nodes.image,
    nodes.caption, nodes.legend, nodes.admonition, nodes.container, nodes.compound, nodes.comment, nodes.transition,
    nodes.literal, nodes.system_message, nodes.problematic, addnodes.glossary, addnodes.index, addnodes.toctree, addnodes.pending_xref, addnodes.download_reference,
)  # fmt: skip


def refuse_unreadable(app):
    """Ends the build with file and line at a source that is not UTF-8, before anything is read."""
    for path in sorted(Path(app.srcdir).rglob("*.md")):
        data = path.read_bytes()
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            logger.error("not UTF-8 text: save the file as UTF-8", location=f"{path}:{line}")
            sys.exit(1)


def refuse_circles(app):
    """Ends the build at a file that includes itself, by whatever way, before anything is read."""

    def follow(path: Path, way: list[Path]):
        text = path.read_text("utf-8") if path.is_file() else ""
        for found in re.finditer(r"^[ \t]*(?:`{3,}|:{3,})\{include\}[ \t]+(\S+)", text, re.MULTILINE):
            included = (path.parent / found[1]).resolve()
            if included in [*way, path]:
                line = text.count("\n", 0, found.start()) + 1
                logger.error(f"includes {found[1]}, which includes this file again: take one of the two out", location=f"{path}:{line}")
                sys.exit(1)
            follow(included, [*way, path])

    for path in sorted(Path(app.srcdir).resolve().rglob("*.md")):
        follow(path, [])


def refuse_constructs(app, docname, content):
    """Refuses roles and directives that are not on the list, by name, with the line they stand on."""
    found = [(m, "role", ROLES) for m in re.finditer(r"\{([\w:+-]+)\}`[^`]*`", content[0])]
    found += [(m, "directive", DIRECTIVES) for m in re.finditer(r"^\s*(?:`{3,}|:{3,}|~{3,})\{([\w:-]+)\}", content[0], re.MULTILINE)]
    for match, what, allowed in found:
        if match[1] not in allowed:
            line = content[0].count("\n", 0, match.start(1)) + 1
            message = f"{what} {{{match[1]}}} is not one that authors may use (STYLE.md lists them)"
            logger.warning(message, location=(docname, line))
    still_open = []
    for fence in re.finditer(r"^[ \t]*(`{3,}|:{3,})[ \t]*(\S*)", content[0], re.MULTILINE):
        if not fence[2] and still_open and still_open[-1][1] == fence[1]:
            still_open.pop()
        elif fence[2]:
            still_open.append((content[0].count("\n", 0, fence.start()) + 1, fence[1], fence[2]))
    for line, fence, name in still_open:
        logger.warning(f"{fence}{name} is never closed: put {fence} on a line of its own behind it", location=(docname, line))


def refuse_nodes(app, doctree):
    """Refuses raw HTML, mathematics and whatever else the PDF and ePub could not show: pictures that are none, citations in captions, links in a table's head."""
    for image in doctree.findall(nodes.image):
        path = Path(app.env.relfn2path(image["uri"], app.env.docname)[1])
        if path.exists() and (path.suffix not in {".png", ".svg"} or -1 in imagesize.get(path)):
            logger.warning(f"{path.name} cannot be read as a picture: save it as PNG or SVG", location=image)
    for caption in doctree.findall(is_caption):
        if any(link.get("refdomain") == "cite" for link in caption.findall(addnodes.pending_xref)):
            logger.warning("a citation in a caption: put it into :source:, or into the sentence above", location=caption)
    for head in doctree.findall(nodes.thead):
        if any(isinstance(node, (nodes.reference, addnodes.pending_xref)) for node in head.findall()):
            logger.warning("a link in a table's head, which the PDF sets again on each page: put it into a row, or into the sentence above", location=head.parent.parent)
    for node in doctree.findall(nodes.Node):
        if not (type(node) in NODES or type(node).__module__.startswith("extensions.")):
            logger.warning(f"<{node.__class__.__name__}> is not a construct that authors may use (STYLE.md lists them)", location=node)


def setup(app):
    app.connect("builder-inited", refuse_unreadable)
    app.connect("builder-inited", refuse_circles)
    app.connect("source-read", refuse_constructs)
    app.connect("doctree-read", refuse_nodes)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

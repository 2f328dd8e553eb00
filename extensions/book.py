"""The book itself: its metadata, its numbers, what pages show of one another, the language of foreign words, what authors may write, how a build stops."""

from __future__ import annotations

import errno
import re
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import imagesize
from docutils import nodes
from sphinx import addnodes
from sphinx.errors import SphinxError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole
from sphinx.util.nodes import make_refnode

logger = logging.getLogger(__name__)

METADATA = {"title", "subtitle", "author", "language", "description", "keywords", "rights", "license_url", "identifier", "url", "repository", "essay"}
CYRILLIC = re.compile(r"[\u0400-\u04ff][\u0400-\u04ff\s.,«»\u2013\-]*[\u0400-\u04ff]|[\u0400-\u04ff]")
# What a chapter may be written with (STYLE.md lists it for people). Everything else is refused with file and line.
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


def complete_metadata(app, config):
    """Adds `version`, `date` (UTC), `commit` and `epoch` (seconds) of the edition to ``config.book``, from conf.py and git or from the release's EDITION file, and sets ``config.root``.

    Ends the build when conf.py leaves out a value that every format prints.
    """
    if missing := METADATA - config.book.keys():
        logger.error(f"`book` lacks {', '.join(sorted(missing))}: every format prints it", location="conf.py:1")
        sys.exit(1)
    edition = Path(app.confdir) / "EDITION"
    if edition.exists():
        commit, epoch = edition.read_text("utf-8").split()
    else:
        log = ["git", "-C", str(app.confdir), "log", "-1", "--format=%h %ct"]
        done = subprocess.run(log, capture_output=True, text=True)
        commit, epoch = done.stdout.split() if done.returncode == 0 and done.stdout else ("uncommitted", "0")
    date = datetime.fromtimestamp(int(epoch), timezone.utc).date().isoformat()
    config.root = str(app.confdir)
    config.book = config.book | {"version": config.version, "date": date, "commit": commit, "epoch": int(epoch)}


def restore_counted(app, env):
    """Before Sphinx counts again: gives it back the numbers that it counted itself, so that it finds changed only what has changed."""
    env.toc_secnumbers, env.toc_fignumbers = getattr(env, "counted_numbers", ({}, {}))
    return []


def number_chapters(app, env):
    """A chapter's number is the one its file's name begins with: numbers run on across the parts, also while some are not written.

    Sphinx numbers each toctree from 1; this corrects the numbers of documents, of links in tables of contents, and of charts and tables.
    """
    env.counted_numbers = dict(env.toc_secnumbers), dict(env.toc_fignumbers)
    for doc, numbers in env.counted_numbers[0].items():
        if found := re.match(r"(\d+)-", Path(doc).name):
            chapter = (int(found[1]),)
            env.toc_secnumbers[doc] = {anchor: number and chapter + number[1:] for anchor, number in numbers.items()}
            env.titles[doc]["secnumber"] = chapter
            figures = env.toc_fignumbers.get(doc, {})
            env.toc_fignumbers[doc] = {kind: {id: (*chapter, place) for place, id in enumerate(ids, 1)} for kind, ids in figures.items()}
            for link in (link for toc in env.tocs.values() for link in toc.findall(nodes.reference)):
                if link.get("refuri") == doc and link.get("secnumber"):
                    link["secnumber"] = chapter + tuple(link["secnumber"][1:])
    return []


def note_for_others(app, doctree):
    """Notes in ``env.metadata`` what other pages show of this one, so that they need not load it: its `standfirst`, the `captions` of charts and tables by id, the `terms` that it links to."""
    noted = app.env.metadata[app.env.docname]
    noted["standfirst"] = next((box.astext() for box in doctree.findall(nodes.container) if "standfirst" in box["classes"]), "")
    noted["captions"] = {id: caption.astext() for caption in doctree.findall(is_caption) for id in caption.parent["ids"]}
    noted["terms"] = {link["reftarget"] for link in doctree.findall(addnodes.pending_xref) if link["reftype"] == "term"}


def is_caption(node: nodes.Node) -> bool:
    """Of a chart, or of a table, where docutils calls it a title."""
    return isinstance(node, nodes.caption) or isinstance(node, nodes.title) and isinstance(node.parent, nodes.table)


class NumberedReferences(SphinxPostTransform):
    """Resolves ``{numref}`` to a chart, table or chapter from the numbers alone; Sphinx would load the chapter that holds it for each."""

    default_priority = 9  # before Sphinx's own

    def run(self, **kwargs):
        for link in list(self.document.findall(lambda node: isinstance(node, addnodes.pending_xref) and node["reftype"] == "numref")):
            doc, id, _ = self.env.get_domain("std").labels.get(link["reftarget"], ("", "", ""))
            sections = self.env.toc_secnumbers.get(doc, {})
            kinds = self.env.toc_fignumbers.get(doc, {}) | {"section": {id: sections.get(f"#{id}", sections.get(""))}}
            kind, number = next((kind, numbers[id]) for kind, numbers in kinds.items() if id in numbers)
            if number:
                name = nodes.inline("", self.config.numfig_format[kind] % ".".join(map(str, number)), classes=["std", "std-numref"])
                link.replace_self(make_refnode(self.env._app.builder, self.env.docname, doc, id, name))


class ForeignWords(SphinxPostTransform):
    """Wraps runs of Cyrillic in an inline that says they are Russian, so that every format can pronounce them."""

    default_priority = 900

    def run(self, **kwargs):
        for text in list(self.document.findall(nodes.Text)):
            if CYRILLIC.search(text) and not self.marked(text.parent):
                parts, at = [], 0
                for run in CYRILLIC.finditer(text):
                    parts += [nodes.Text(text[at : run.start()]), foreign(run[0], "ru")]
                    at = run.end()
                parts.append(nodes.Text(text[at:]))
                text.parent.replace(text, [part for part in parts if part.astext()])

    @staticmethod
    def marked(node):
        while node is not None:
            if node.get("lang") or isinstance(node, (nodes.literal, nodes.literal_block)):
                return True
            node = node.parent
        return False


def foreign(text: str, language: str) -> nodes.inline:
    """`text` marked as of `language`, a code such as ``fr`` or ``ru-Latn``."""
    return nodes.inline("", text, classes=["lang", f"language-{language}"], lang=language)  # docutils writes lang from the class


def count_table(rows: list[list[str]], widths: tuple[int, ...]) -> nodes.table:
    """A table of counts: the first of `rows` its heads, the first column names, the others numbers; `widths` in proportion."""
    made = [nodes.row("", *(nodes.entry("", nodes.paragraph("", text, classes=["number"] if i else [])) for i, text in enumerate(row))) for row in rows]
    group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in widths), cols=len(widths))
    group += [nodes.thead("", made[0]), nodes.tbody("", *made[1:])]
    return nodes.table("", group, classes=["data"])


class Lang(SphinxRole):
    """``{lang}`fr|mot``` marks words of another language by its code, with a script where it is not its own: ``{lang}`ru-Latn|slovo```."""

    def run(self):
        language, bar, words = self.text.partition("|")
        if not bar or not re.fullmatch("[a-z]{2,3}(-[A-Z][a-z]{3})?", language):
            message = self.inliner.reporter.error("write {lang}`fr|words`, the language first", line=self.lineno)
            return [nodes.problematic(self.rawtext, self.rawtext)], [message]
        return [foreign(words, language)], []


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
    """Refuses raw HTML, mathematics and whatever else the PDF and ePub could not show: pictures that are none, citations in captions."""
    for image in doctree.findall(nodes.image):
        path = Path(app.env.relfn2path(image["uri"], app.env.docname)[1])
        if path.exists() and -1 in imagesize.get(path):
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


def say_what_stopped(app, exception):
    """A build that stops for a reason outside the code says so in a line, not in a traceback: a full disk, a file that is gone, an error of ours with its place."""
    if isinstance(exception, OSError):
        cures = {errno.ENOENT: "put the file back", errno.EACCES: "make it readable and writable", errno.EROFS: "make it writable"}
        cure = cures.get(exception.errno, "free some space" if exception.errno in {errno.ENOSPC, errno.EFBIG, errno.EDQUOT} else "look at that file")
        logger.error(f"{exception.filename or app.outdir}: {exception.strerror}: {cure}; what was published stands as it was")
        sys.exit(1)
    if isinstance(exception, SphinxError):
        logger.error(str(exception))
        sys.exit(1)


def setup(app):
    app.connect("build-finished", say_what_stopped, priority=100)
    app.add_config_value("book", {}, "env", dict)
    app.add_config_value("root", "", "")  # the folder of conf.py, for whoever reads data/ below it
    app.add_role("lang", Lang())
    app.add_post_transform(ForeignWords)
    app.connect("config-inited", complete_metadata)
    app.connect("builder-inited", refuse_unreadable)
    app.connect("builder-inited", refuse_circles)
    app.connect("source-read", refuse_constructs)
    app.connect("doctree-read", refuse_nodes)
    app.connect("doctree-read", note_for_others, priority=900)  # after Sphinx's collectors
    app.connect("env-get-updated", restore_counted, priority=100)  # before them
    app.connect("env-get-updated", number_chapters, priority=900)
    app.add_post_transform(NumberedReferences)
    return {"version": "1", "env_version": 2, "parallel_read_safe": True, "parallel_write_safe": True}

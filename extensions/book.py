"""The book itself: its metadata, what pages show of one another, the language of foreign words, and how a build stops."""

from __future__ import annotations

import errno
import re
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.errors import SphinxError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

from .shared import MONTHS, is_caption

logger = logging.getLogger(__name__)

METADATA = {"title", "subtitle", "author", "language", "description", "keywords", "rights", "license_url", "identifier", "url", "repository", "essay"}
DAY = re.compile(rf"\b(\d{{1,2}}) (?=(?:{'|'.join(MONTHS)})\b)")
WHEN = re.compile(rf"(\d\d? )?((?:{'|'.join(MONTHS)}) )?\d{{4}}(\N{{EN DASH}}\d+)?")
CYRILLIC = re.compile(r"[\u0400-\u04ff][\u0400-\u04ff\s.,«»\u2013\-]*[\u0400-\u04ff]|[\u0400-\u04ff]")


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


def note_for_others(app, doctree):
    """Notes in ``env.metadata`` what other pages show of this one, so that they need not load it: its `standfirst`, the `captions` of charts and tables by id, the `terms` that it links to."""
    noted = app.env.metadata[app.env.docname]
    noted["standfirst"] = next((box.astext() for box in doctree.findall(nodes.container) if "standfirst" in box["classes"]), "")
    noted["captions"] = {id: caption.astext() for caption in doctree.findall(is_caption) for id in caption.parent["ids"]}
    noted["terms"] = {link["reftarget"] for link in doctree.findall(addnodes.pending_xref) if link["reftype"] == "term"}


def held(text: str) -> str:
    """`text` with no-break spaces where a line should not end: in a day, between initials and name, before a number, before a dash.

    >>> held("On 5 May 1938 J. V. Stalin (chapter 9) said – so").replace("\\xa0", "_")
    'On 5_May 1938 J._V._Stalin (chapter_9) said_– so'
    """
    text = DAY.sub("\\1\N{NO-BREAK SPACE}", text)
    text = re.sub(r"\b([A-Z]\.) (?=[A-Z])", "\\1\N{NO-BREAK SPACE}", text)
    text = re.sub(r"\b([Cc]hapters?|[Nn]ote|[Cc]harts?|[Tt]ables?) (?=\d)", "\\1\N{NO-BREAK SPACE}", text)
    return re.sub(r" (?=[\N{EN DASH}\N{EM DASH}] )", "\N{NO-BREAK SPACE}", text)


class NoBreaks(SphinxPostTransform):
    """Holds together what a line should not part, a verdict's mark with the sentence that it judges, and a day or span of years in a cell."""

    default_priority = 890

    def run(self, **kwargs):
        for cell in self.document.findall(nodes.entry):
            if len(cell) == 1 and WHEN.fullmatch(cell.astext().replace("\N{NO-BREAK SPACE}", " ")):
                cell[0]["classes"].append("when")
        for text in list(self.document.findall(nodes.Text)):
            if not isinstance(text.parent, (nodes.literal, nodes.comment)):
                new, after = held(text), text.next_node(descend=False, siblings=True)
                if isinstance(after, nodes.reference) and after.next_node(lambda part: "claim-mark" in getattr(part, "attributes", {}).get("classes", ())):
                    new = re.sub(r"\s+$", "\N{NO-BREAK SPACE}", new)
                if new != text:
                    text.parent.replace(text, nodes.Text(new))


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


class Lang(SphinxRole):
    """``{lang}`fr|mot``` marks words of another language by its code, with a script where it is not its own: ``{lang}`ru-Latn|slovo```."""

    def run(self):
        language, bar, words = self.text.partition("|")
        if not bar or not re.fullmatch("[a-z]{2,3}(-[A-Z][a-z]{3})?", language):
            message = self.inliner.reporter.error("write {lang}`fr|words`, the language first", line=self.lineno)
            return [nodes.problematic(self.rawtext, self.rawtext)], [message]
        return [foreign(words, language)], []


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
    app.add_post_transform(NoBreaks)
    app.connect("config-inited", complete_metadata)
    app.connect("doctree-read", note_for_others, priority=900)  # after Sphinx's collectors
    return {"version": "1", "env_version": 2, "parallel_read_safe": True, "parallel_write_safe": True}

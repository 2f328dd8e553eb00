"""How sentences are written: rules that a machine can see, over every text of the book. STYLE.md lists them with wrong beside right.

Names and words with one spelling stand in ``data/spellings.csv``. What breaks a rule stops the build with file, line and cure.
"""

from __future__ import annotations

import csv
import re
import tomllib
from functools import cache
from pathlib import Path

from sphinx.util import logging

from .shared import stop

logger = logging.getLogger(__name__)
# What is not a sentence: fences and their options, roles (addresses and keys are in them), literals, links, labels, notes' marks, rules of tables, pages in a toctree.
NOT_PROSE = re.compile(
    r"^[ \t]*(?:`{3,}|:{3,}).*$|^:[\w-]+:.*$|\{[\w:+-]+\}`[^`]*`|`[^`]*`|https?://[^\s)>]+|\]\([^)]*\)|^\([\w-]+\)=$|\[\^[\w-]+\]:?|^\|[ :|-]+\|$|^--[ -].*$|^---$|^[\w/-]+$", re.M
)
STOCK = "important to note|testament to|complex interplay|needless to say|shed(?:s|ding)? light|pivotal|delve|tapestry|arguably|due to the fact|plays? a (?:key|vital|major) role"
# rule of STYLE.md: (what breaks it, the cure)
RULES = {
    "quotation marks": (re.compile("[\"']"), "type the mark as it should print: “ ” for words somebody wrote, ‘ ’ for titles, ’ for an apostrophe"),
    "ranges": (re.compile(r"\b\d+-\d+\b"), "an en dash joins the ends of a range: 1932–34"),
    "dashes": (re.compile(r"--|\N{EM DASH}|(?<=[^\s*]) - "), "an aside stands between spaced en dashes: so – and so on"),
    "spaces": (re.compile(r"(?<=\S)  +(?=\S)"), "one space is enough"),
    "points": (re.compile(r"\.\.\."), "type one character for three points: …"),
    "per cent": (re.compile(r"\d[ \N{NO-BREAK SPACE}]?%"), "write per cent"),
    "headings": (re.compile(r"^#+ .*[.:;,]$", re.M), "a heading has no point at its end"),
    "stock phrases": (re.compile(rf"\b(?:{STOCK})\b", re.I), "say it in words of your own, or leave it out"),
}


@cache
def spellings(path: Path) -> tuple[re.Pattern, dict[str, str]]:
    """The spellings that the book does not use, as one pattern, and what it uses instead."""
    rows = {row["wrong"]: row["right"] for row in csv.DictReader(path.read_text("utf-8").splitlines())} if path.exists() else {}
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, rows)) or '(?!)'})\b"), rows


def faults(text: str, wrong: re.Pattern, right: dict[str, str]) -> list[tuple[int, str]]:
    """What breaks a rule in a text of MyST: (line, message)."""
    prose = NOT_PROSE.sub(lambda match: re.sub(r"[^\n]", "\0", match[0]), text)
    found = [(match, f"style, {rule}: {cure}") for rule, (pattern, cure) in RULES.items() for match in pattern.finditer(prose)]
    found += [(match, f"style, spelling: {match[0]} is {right[match[0]]} here (data/spellings.csv)") for match in wrong.finditer(prose)]
    return sorted((prose.count("\n", 0, match.start()) + 1, f"{message} ({match[0].strip()!r})") for match, message in found)


def check_page(app, docname, content):
    for line, message in faults(content[0], *spellings(Path(app.confdir, "data/spellings.csv"))):
        logger.warning(message, location=(docname, line), type="style")


def texts_of(path: Path) -> list[tuple[int, str]]:
    """The sentences of a data file, each with the line of its entry. A file that cannot be read has none: its own extension says so."""
    text = path.read_text("utf-8", errors="replace")
    if path.suffix == ".csv":
        return [(number, row.get("event") or "") for number, row in enumerate(csv.DictReader(text.splitlines()), 2)]
    try:
        entries = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return []
    lines = {found[1]: text.count("\n", 0, found.start()) + 1 for found in re.finditer(r"^\[([\w-]+)\]", text, re.M)}
    return [(lines.get(id, 1), entry[field]) for id, entry in entries.items() if isinstance(entry, dict) for field in ("claim", "finding", "who") if field in entry]


def check_data(app):
    """Claims, findings, persons and events follow the rules too; quotations stand as they were seen. Ends the build when one does not."""
    data, broken = Path(app.confdir, "data"), []
    for path in [*sorted(data.glob("claims/*/*.toml")), data / "people.toml", data / "timeline.csv"]:
        for line, text in texts_of(path) if path.exists() else []:
            broken += [(message, f"{path.relative_to(app.confdir)}:{line}") for _, message in faults(text, *spellings(data / "spellings.csv"))]
    stop(broken, "style")


def setup(app):
    app.connect("builder-inited", check_data, priority=700)  # after the register has said what it cannot read
    app.connect("source-read", check_page)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

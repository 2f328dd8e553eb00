"""What authors may write reaches all three formats, in order; the lists of it agree; nothing unknown is dropped silently."""

import re
import zipfile

import pypdfium2
import pytest
from conftest import ROOT, ROOTS

from extensions.constructs import DIRECTIVES, ROLES

PAGE = (ROOTS / "tiny/book/constructs.md").read_text("utf-8")
MARK = re.compile(r"zq\d\d")
MARKS = sorted(set(MARK.findall(PAGE)))
IN_ORDER = [mark for mark in MARKS if mark < "zq90"]  # notes and floats move
GENERATED = {
    "audits",
    "claims",
    "claim-counts",
    "data-sets",
    "downloads",
    "figures",
    "people",
    "quotations",
    "source-counts",
    "sources",
    "timeline",
    "toctree",
    "chart",
}  # on the tiny project's other pages


def test_every_construct_is_proved():
    used = set(re.findall(r"\{([\w:-]+)\}", PAGE))
    assert ROLES | DIRECTIVES - GENERATED == used


def test_style_guide_names_every_construct():
    section = (ROOT / "STYLE.md").read_text("utf-8").split("\n## What a sentence rests on")[0]
    assert set(re.findall(r"`\{([\w:-]+)\}`", section)) == ROLES | DIRECTIVES


def text_of_html(tiny):
    return (tiny.out / "html/constructs.html").read_text("utf-8").split("<article", 1)[-1]


def text_of_epub(tiny):
    return zipfile.ZipFile(tiny.out / "epub/tiny.epub").read("EPUB/constructs.xhtml").decode().split("<body>")[1]


def text_of_pdf(tiny):
    pages = pypdfium2.PdfDocument(tiny.out / "pdf/tiny.pdf")
    text = "\n".join(page.get_textpage().get_text_bounded() for page in pages)
    return text[text.index("zq02") - 400 :]  # behind the table of contents


@pytest.mark.parametrize("builder, read", [("html", text_of_html), ("epub", text_of_epub), ("pdf", text_of_pdf)])
def test_every_construct_reaches(tiny, builder, read):
    done = tiny.build(builder)
    assert done.returncode == 0, done.stderr
    text = read(tiny)
    found = MARK.findall(text)
    assert set(MARKS) <= set(found) and "Included words" in text
    first = list(dict.fromkeys(mark for mark in found if mark in IN_ORDER))
    assert [mark for mark in first if mark != "zq01"] == IN_ORDER[1:]

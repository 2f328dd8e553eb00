"""The PDF of the real book: conforming, complete, whole links and fonts, pages as a press would print them; and what stops the build."""

import re
from collections import Counter

import page
import pikepdf
import pypdfium2
import pytest
from conftest import ROOT, ROOTS, sphinx

FALSE_ALARM = "PDFA2A-STREAM-LENGTH-001"  # fires when compressed data end in a carriage return; the lengths are checked below
FAULTS = ROOTS / "test-pdf-faults"


@pytest.fixture(scope="session")
def pdf_path(book):
    return book.pdf


@pytest.fixture
def pdf(pdf_path):
    with pikepdf.open(pdf_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def pages(pdf_path):
    """The text of each page, words that were divided at a line's end made whole."""
    with pypdfium2.PdfDocument(pdf_path) as opened:
        return [re.sub("\ufffe\\s*", "", leaf.get_textpage().get_text_bounded()) for leaf in opened]


@pytest.fixture(scope="session")
def words(pages):
    return re.sub(r"[\s\u00ad]+", "", "".join(pages))


def outline(pdf):
    """Titles of the outline with their depth, in order."""

    def walk(items, depth=0):
        for item in items:
            yield depth, item.title
            yield from walk(item.children, depth + 1)

    with pdf.open_outline() as tree:
        return list(walk(tree.root))


def structure(node, found=None):
    """Every structure element of the tagged file."""
    found = [] if found is None else found
    for child in node if isinstance(node, pikepdf.Array) else [node]:
        if isinstance(child, pikepdf.Dictionary) and "/S" in child or "/K" in child:
            found.append(child)
            structure(child.get("/K", pikepdf.Array()), found)
    return found

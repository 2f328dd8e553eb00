"""The PDF of the real book: conforming, complete, whole links and fonts, pages as a press would print them; and what stops the build."""

import re

import page
import pikepdf
import pypdfium2
import pytest
from conftest import NAME, ROOT, ROOTS, sphinx

FALSE_ALARM = "PDFA2A-STREAM-LENGTH-001"  # fires when compressed data end in a carriage return; the lengths are checked here instead
FAULTS = ROOTS / "test-pdf-faults"
ADDED = {"Contents", "Charts and tables", "Index"}  # headings that no toctree names


@pytest.fixture(scope="session")
def pdf_path(book):
    return book.pdf


@pytest.fixture
def pdf(pdf_path):
    with pikepdf.open(pdf_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def read(pdf_path):
    """All text without spaces, words divided at a line's end made whole, and the outline as (level, title, page)."""
    with pypdfium2.PdfDocument(pdf_path) as opened:
        texts = [leaf.get_textpage().get_text_bounded() for leaf in opened]
        toc = [(mark.level, mark.get_title(), mark.get_dest().get_index()) for mark in opened.get_toc()]
        labels = [opened.get_page_label(number) for number in range(len(opened))]
    return [re.sub(r"[\s\ufffe\u00ad]+", "", text) for text in texts], toc, labels


def documents():
    """The book's sources in order: (caption of the toctree or "", source)."""
    index = (ROOT / "book/index.md").read_text("utf-8")
    for block in re.findall(r"\{toctree\}\n(.*?)\n:::", index, re.S):
        caption = re.search(r":caption: (.+)", block)
        yield caption[1].split(" · ")[-1] if caption else "", [(ROOT / f"book/{name}.md").read_text("utf-8") for name in re.findall(r"^[\w/-]+$", block, re.M)]


def elements(pdf, kind):
    """The structure elements of one kind."""
    return [item for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and item.get("/S") == kind and "/P" in item]


def test_conforms(pdf_path):
    assert not page.validate_pdf(pdf_path, profile="ua1").failures
    assert {failure.rule_id for failure in page.validate_pdf(pdf_path, profile="2a").failures} <= {FALSE_ALARM}
    data = pdf_path.read_bytes()
    streams = list(re.finditer(rb"/Length (\d+)(?:(?!endobj|stream).)*?\bstream\r?\n", data, re.S))
    assert len(streams) > 100
    assert all(re.match(rb"\r?\n?endstream", data[found.end() + int(found[1]) :][:12]) for found in streams)


def test_language_title_and_page_labels(pdf, read):
    assert pdf.Root.Lang == "en-GB" and pdf.Root.ViewerPreferences.DisplayDocTitle
    assert str(pdf.docinfo.Title) == "In Stalinism’s Shadow: The Argument and the Evidence"
    first = next(number for level, title, number in read[1] if title.startswith("Part "))
    assert read[2][:3] == ["i", "ii", "iii"] and read[2][first : first + 2] == ["1", "2"]


def test_outline_is_the_toctree(read):
    expected = [title for caption, sources in documents() for title in [caption, *(re.search(r"^# (.+)", s, re.M)[1] for s in sources)] if title]
    parts = {caption for caption, _ in documents()}
    titles = [(level, re.sub(r"^(Part [IVX]+|\d+) ", "", title), number) for level, title, number in read[1]]
    under_part, found = False, []
    for level, title, number in titles:
        under_part = title in parts if level == 0 else under_part
        if title not in ADDED and (level == 0 or (level == 1 and under_part)):
            found.append(title)
            assert number % 2 == 0, f"{title} does not open on a right-hand page"
    assert found == [title.replace("*", "") for title in expected]


def test_links_land(pdf):
    places = {leaf.objgen for leaf in pdf.pages}
    names = pikepdf.NameTree(pdf.Root.Names.Dests) if "/Names" in pdf.Root else {}
    links = [link for leaf in pdf.pages for link in leaf.get("/Annots", ()) if link.Subtype == "/Link"]
    inner = [link.get("/Dest") or link.A.D for link in links if "/Dest" in link or link.A.S == "/GoTo"]
    for target in inner:
        target = target if isinstance(target, pikepdf.Array) else names[str(target)]
        assert target[0].objgen in places
    assert len(inner) > 50 and all(str(link.A.URI).startswith("http") for link in links if "/A" in link and link.A.S == "/URI")


def test_fonts_are_embedded(pdf):
    fonts = [item for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/FontDescriptor"]
    assert {re.sub(r"^[A-Z]{6}\+", "", str(font.FontName)[1:]).split("-")[0] for font in fonts} <= {"SourceSerif4", "SourceSerif4Display", "SourceSans3"}
    assert fonts and all({"/FontFile2", "/FontFile3"} & set(font.keys()) for font in fonts)


def test_pictures_and_tables_are_accessible(pdf):
    charts = sum(source.count("{chart}") for _, sources in documents() for source in sources)
    figures = [figure for figure in elements(pdf, "/Figure")]
    assert len(figures) == charts and all(len(str(figure.Alt)) > 40 for figure in figures)
    assert elements(pdf, "/TH") and all("/Scope" in str(list(head.A) if isinstance(head.A, pikepdf.Array) else head.A.keys()) for head in elements(pdf, "/TH"))


def test_paragraphs_in_order(read):
    words, at = "".join(read[0]), 0
    assert not re.search("[\ufb00-\ufb06\ufffd\0]", words)
    for _, sources in documents():
        at = words.index(re.sub(r"\s", "", re.search(r"^# (.+)", sources[0], re.M)[1]), at) if sources else at
        for source in sources:
            for paragraph in re.findall(r"(?<=\n\n)[A-Z“][^\n{\[*`|]{50}", re.sub(r":::\{.*?\n:::", "", source, flags=re.S)):
                at = words.index(re.sub(r"\s", "", paragraph[:36]), at)
            for russian in re.findall("[\u0400-\u04ff]{2,}", source):
                assert russian in words


@pytest.mark.parametrize(
    "fault, message",
    [("node", "node.md:3: <topic> is not something the PDF can set"), ("glyph", "glyph.md:3: no font in theme/fonts has '上' (U+4E0A"), ("alt", "alt.md:3: a picture without")],
)
def test_faults_stop_with_their_place(tmp_path, fault, message):
    others = ",".join(f"{name}.md" for name in ("node", "glyph", "alt") if name != fault)
    done = sphinx(FAULTS / "book", "pdf", tmp_path / "pdf", "-D", f"exclude_patterns={others}")
    assert done.returncode != 0 and message in done.stderr


def test_same_bytes_from_two_paths(tmp_path):
    for path in ("one", "another/deeper"):
        done = sphinx(FAULTS / "book", "pdf", tmp_path / path, "-D", "exclude_patterns=node.md,glyph.md,alt.md")
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "one/faults.pdf").read_bytes() == (tmp_path / "another/deeper/faults.pdf").read_bytes()
    with pypdfium2.PdfDocument(tmp_path / "one/faults.pdf") as opened:
        text = "".join(leaf.get_textpage().get_text_bounded() for leaf in opened)
    assert '"Quotes" \\ and #hash [brackets] emphasis, an affair of fjords1 and again.1' in text.replace("\r\n", "")

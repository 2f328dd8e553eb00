"""The PDF of the real book: conforming, complete, whole links and fonts, openings on the right; and what stops the build."""

import re

import page
import pikepdf
import pypdfium2
import pytest
from conftest import ROOT, ROOTS, sphinx

FALSE_ALARM = "PDFA2A-STREAM-LENGTH-001"  # fires when compressed data end in a carriage return; the lengths are checked here instead
ADDED = {"Contents", "Charts and tables", "Index"}  # headings that no toctree names
FAULTS = {"node": "3: <topic> is not something the PDF can set", "glyph": "3: no font in theme/fonts has '上' (U+4E0A", "alt": "3: a picture without"}


@pytest.fixture(scope="session")
def pdf_path(book):
    return book.pdf


@pytest.fixture
def pdf(pdf_path):
    with pikepdf.open(pdf_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def read(pdf_path):
    """All text without spaces, words divided at a line's end made whole; the outline as (level, title, page); the page labels."""
    with pypdfium2.PdfDocument(pdf_path) as opened:
        text = "".join(leaf.get_textpage().get_text_bounded() for leaf in opened)
        outline = [(mark.level, mark.get_title(), mark.get_dest().get_index()) for mark in opened.get_toc()]
        return solid(text), outline, [opened.get_page_label(number) for number in range(len(opened))]


def solid(text):
    return re.sub(r"[\s\ufffe\u00ad]+", "", text)


def toctrees():
    """(title of the part or "", sources of its documents) in order."""
    for block in re.findall(r"\{toctree\}\n(.*?)\n:::", (ROOT / "book/index.md").read_text("utf-8"), re.S):
        caption = re.search(r":caption: (.+)", block)
        names = re.findall(r"^(?!:)\S+$", block, re.M)
        yield caption[1].split(" · ")[-1] if caption else "", [(ROOT / f"book/{name}.md").read_text("utf-8") for name in names]


def elements(pdf, kind):
    return [item for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and item.get("/S") == kind and "/P" in item]


def test_conforms(pdf_path):
    assert not page.validate_pdf(pdf_path, profile="ua1").failures
    assert {failure.rule_id for failure in page.validate_pdf(pdf_path, profile="2a").failures} <= {FALSE_ALARM}
    data = pdf_path.read_bytes()
    streams = list(re.finditer(rb"/Length (\d+)(?:(?!endobj|stream).)*?\bstream\r?\n", data, re.S))
    assert len(streams) > 50
    assert all(re.match(rb"\r?\n?endstream", data[found.end() + int(found[1]) :][:12]) for found in streams)


def test_language_title_and_page_labels(pdf, read):
    _, outline, labels = read
    assert pdf.Root.Lang == "en-GB" and pdf.Root.ViewerPreferences.DisplayDocTitle
    assert str(pdf.docinfo.Title) == "In Stalinism’s Shadow: The Argument and the Evidence"
    first = next(number for _, title, number in outline if title.startswith("Part "))
    assert labels[:3] == ["i", "ii", "iii"] and labels[first : first + 2] == ["1", "2"]


def test_outline_is_the_toctree_and_opens_on_the_right(read):
    parts = {caption for caption, _ in toctrees()}
    expected = [title for part, sources in toctrees() for title in [part, *(re.search(r"^# (.+)", s, re.M)[1] for s in sources)] if title]
    under_part, found = False, []
    for level, title, number in read[1]:
        title = re.sub(r"^(Part [IVX]+|\d+) ", "", title)
        under_part = title in parts if level == 0 else under_part
        if level == 0 or (level == 1 and under_part):
            assert number % 2 == 0, f"{title} does not open on a right-hand page"
            found.append(title)
    assert [title for title in found if title not in ADDED] == [title.replace("*", "") for title in expected]


def test_links_land(pdf):
    places = {leaf.objgen for leaf in pdf.pages}
    names = pikepdf.NameTree(pdf.Root.Names.Dests) if "/Names" in pdf.Root else {}
    links = [link for leaf in pdf.pages for link in leaf.get("/Annots", ()) if link.Subtype == "/Link"]
    inner = [link.get("/Dest") or link.A.D for link in links if "/Dest" in link or link.A.S == "/GoTo"]
    assert inner and all((target if isinstance(target, pikepdf.Array) else names[str(target)])[0].objgen in places for target in inner)
    assert all(str(link.A.URI).startswith("http") for link in links if "/A" in link and link.A.S == "/URI")


def test_fonts_are_ours_and_embedded(pdf):
    fonts = [item for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/FontDescriptor"]
    assert fonts and all({"/FontFile2", "/FontFile3"} & set(font.keys()) for font in fonts)
    assert all(re.match(r"/[A-Z]{6}\+(SourceSerif4|SourceSans3)", str(font.FontName)) for font in fonts)


def test_pictures_and_tables_are_accessible(pdf):
    charts = sum(source.count("{chart}") for _, sources in toctrees() for source in sources)
    assert [len(str(figure.Alt)) > 40 for figure in elements(pdf, "/Figure")] == [True] * charts
    heads = elements(pdf, "/TH")
    assert heads and all("/Scope" in attributes for head in heads for attributes in (head.A if isinstance(head.A, pikepdf.Array) else [head.A]))


def test_paragraphs_in_order(read):
    words, at = read[0], 0
    assert not re.search("[\ufb00-\ufb06\ufffd\0]", words), "a ligature or an unknown character came out of the PDF"
    for source in (source for _, sources in toctrees() for source in sources):
        at = words.index(solid(re.search(r"^# (.+)", source, re.M)[1]), at)
        for paragraph in re.findall(r"(?<=\n\n)[A-Z“][^\n{\[*`|]{50}", re.sub(r":::\{.*?\n:::", "", source, flags=re.S)):
            at = words.index(solid(paragraph[:36]), at)
        assert all(russian in words for russian in re.findall("[\u0400-\u04ff]{2,}", source))


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_stop_with_their_place(tmp_path, fault):
    others = ",".join(f"{name}.md" for name in FAULTS if name != fault)
    done = sphinx(ROOTS / "test-pdf-faults/book", "pdf", tmp_path / "pdf", "-D", f"exclude_patterns={others}")
    assert done.returncode != 0 and f"{fault}.md:{FAULTS[fault]}" in done.stderr


def test_same_bytes_from_two_paths(tmp_path):
    for path in ("one", "another/deeper"):
        done = sphinx(ROOTS / "test-pdf-faults/book", "pdf", tmp_path / path, "-D", "exclude_patterns=" + ",".join(f"{name}.md" for name in FAULTS))
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "one/faults.pdf").read_bytes() == (tmp_path / "another/deeper/faults.pdf").read_bytes()
    with pypdfium2.PdfDocument(tmp_path / "one/faults.pdf") as opened:
        text = "".join(leaf.get_textpage().get_text_bounded() for leaf in opened)
    assert solid('"Quotes" \\ and #hash [brackets] emphasis, an affair of fjords1 and again.1') in solid(text)

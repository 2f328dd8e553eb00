"""The PDF of the real book: conforming, complete, whole links and fonts, openings on the right; and what stops the build."""

import re

import page
import pikepdf
import pypdfium2
import pytest
from conftest import ROOT, ROOTS, sphinx

FALSE_ALARM = "PDFA2A-STREAM-LENGTH-001"  # fires when compressed data end in a carriage return; the lengths are checked here instead
ADDED = {"Contents", "Charts", "Charts and tables", "Index"}  # headings that no toctree names
FAULTS = {"node": "3: <topic> is not something the PDF can set", "glyph": "3: no font in theme/fonts has '上' (U+4E0A", "alt": "3: a picture without"}


@pytest.fixture(scope="session")
def pdf_path(book):
    return book.pdf


def text_of(path):
    """All text without spaces, words divided at a line's end made whole."""
    return solid("".join(leaf.get_textpage().get_text_bounded() for leaf in pypdfium2.PdfDocument(path)))


def solid(text):
    return re.sub(r"[\s\ufffe\u00ad]+", "", text)


def toctrees():
    """(title of the part or "", sources of its documents) in order."""
    for block in re.findall(r"\{toctree\}\n(.*?)\n:::", (ROOT / "book/index.md").read_text("utf-8"), re.S):
        caption = re.search(r":caption: (.+)", block)
        sources = [(ROOT / f"book/{name}.md").read_text("utf-8") for name in re.findall(r"^(?!:)\S+$", block, re.M)]
        yield caption[1].split(" · ")[-1] if caption else "", sources


def test_conforms(pdf_path):
    assert not page.validate_pdf(pdf_path, profile="ua1").failures
    assert {failure.rule_id for failure in page.validate_pdf(pdf_path, profile="2a").failures} <= {FALSE_ALARM}
    data = pdf_path.read_bytes()
    for found in re.finditer(rb"/Length (\d+)(?:(?!endobj|stream).)*?\bstream\r?\n", data, re.S):
        assert re.match(rb"\r?\n?endstream", data[found.end() + int(found[1]) :][:12])


def test_language_title_labels_and_fonts(pdf_path):
    pdf = pikepdf.open(pdf_path)
    assert pdf.Root.Lang == "en-GB" and pdf.Root.ViewerPreferences.DisplayDocTitle
    assert str(pdf.docinfo.Title) == "In Stalinism’s Shadow: The Argument and the Evidence"
    labels = [pypdfium2.PdfDocument(pdf_path).get_page_label(number) for number in range(len(pdf.pages))]
    assert labels[:3] == ["i", "ii", "iii"] and labels[labels.index("1") :] == [str(n + 1) for n in range(len(labels) - labels.index("1"))]
    fonts = [item for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/FontDescriptor"]
    assert fonts and all({"/FontFile2", "/FontFile3"} & set(font.keys()) for font in fonts)
    assert all(re.match(r"/[A-Z]{6}\+(SourceSerif4|SourceSans3)", str(font.FontName)) for font in fonts)


def test_outline_is_the_toctree_and_opens_on_the_right(pdf_path):
    parts = {caption for caption, _ in toctrees()}
    expected = [title for part, sources in toctrees() for title in [part, *(re.search(r"^# (.+)", s, re.M)[1] for s in sources)] if title]
    under_part, found = False, []
    for mark in pypdfium2.PdfDocument(pdf_path).get_toc():
        level, title, number = mark.level, re.sub(r"^(Part [IVX]+|\d+) ", "", mark.get_title()), mark.get_dest().get_index()
        under_part = title in parts if level == 0 else under_part
        if level == 0 or (level == 1 and under_part):
            assert number % 2 == 0, f"{title} does not open on a right-hand page"
            found.append(title)
    assert [title for title in found if title not in ADDED] == [title.replace("*", "") for title in expected]


def test_links_land(pdf_path):
    pdf = pikepdf.open(pdf_path)
    places = {leaf.objgen for leaf in pdf.pages}
    names = pikepdf.NameTree(pdf.Root.Names.Dests) if "/Names" in pdf.Root else {}
    links = [link for leaf in pdf.pages for link in leaf.get("/Annots", ()) if link.Subtype == "/Link"]
    inner = [link.get("/Dest") or link.A.D for link in links if "/Dest" in link or link.A.S == "/GoTo"]
    assert inner and all((target if isinstance(target, pikepdf.Array) else names[str(target)])[0].objgen in places for target in inner)
    assert all(str(link.A.URI).startswith("http") for link in links if "/A" in link and link.A.S == "/URI")


def test_pictures_and_tables_are_accessible(pdf_path):
    pdf = pikepdf.open(pdf_path)
    tags = [item for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and "/S" in item and "/P" in item]
    charts = sum(source.count("{chart}") for _, sources in toctrees() for source in sources)
    assert [len(str(tag.Alt)) > 40 for tag in tags if tag.S == "/Figure"] == [True] * charts
    assert {"/Scope" in tag.A.unparse().decode() for tag in tags if tag.S == "/TH"} == {True}


def test_paragraphs_in_order(pdf_path):
    words, at = text_of(pdf_path), 0
    assert not re.search("[\ufb00-\ufb06\ufffd\0]", words), "a ligature or an unknown character came out of the PDF"
    for source in (source for _, sources in toctrees() for source in sources):
        at = words.index(solid(re.search(r"^# (.+)", source, re.M)[1]), at)
        for paragraph in re.findall(r"(?<=\n\n)[A-Z“][^\n{\[*`|]{50}", re.sub(r":::\{.*?\n:::", "", source, flags=re.S)):
            at = words.index(solid(paragraph[:36]), at)
        assert all(russian in words for russian in re.findall("[\u0400-\u04ff]{2,}", source))


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_stop_with_their_place(tmp_path, fault):
    others = ",".join(f"{name}.md" for name in FAULTS.keys() - {fault})
    done = sphinx(ROOTS / "test-pdf-faults/book", "pdf", tmp_path / "pdf", "-D", f"exclude_patterns={others}")
    assert done.returncode != 0 and f"{fault}.md:{FAULTS[fault]}" in done.stderr


def test_same_bytes_from_two_paths(tmp_path):
    for path in ("one", "another/deeper"):
        done = sphinx(ROOTS / "test-pdf-faults/book", "pdf", tmp_path / path, "-D", "exclude_patterns=node.md,glyph.md,alt.md")
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "one/faults.pdf").read_bytes() == (tmp_path / "another/deeper/faults.pdf").read_bytes()
    assert '"Quotes"\\and#hash[brackets]emphasis,anaffairoffjords1andagain.1' in text_of(tmp_path / "one/faults.pdf")

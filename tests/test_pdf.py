"""The PDF of the real book: conforming, complete, whole links and fonts, openings on the right; and what stops the build."""

import re
from collections import defaultdict
from itertools import pairwise

import lines
import page
import pikepdf
import pypdfium2
import pytest
import typst
from conftest import ROOT, ROOTS, sphinx
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from extensions.pdf import Book

FALSE_ALARM = "PDFA2A-STREAM-LENGTH-001"  # fires when compressed data end in a carriage return; the lengths are checked here instead
ADDED = {"Contents", "Charts", "Charts and tables", "Index"}  # headings that no toctree names
FAULTS = {"node": "3: <topic> is not something the PDF can set", "glyph": "3: no font in theme/fonts has '上' (U+4E0A", "alt": "3: a picture without"}


LOOSE = 0.40  # em, the mean word space of a line


@pytest.fixture(scope="session")
def pdf_path(book):
    return book.pdf


@pytest.fixture(scope="session")
def letters(book):
    """Every character of the finished PDF, with its place and its block."""
    return list(lines.characters(book.pdf))


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
    """PDF/UA-1 and PDF/A-2a by page-validation. It sees missing tags, alternative texts, languages, link descriptions, skipped headings, fonts, colours and
    metadata; it does not see table heads without scope, text outside blocks, the reading order or a wrong language: the tests below do. Nothing here
    replaces a person with a screen reader.
    """
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


def test_cited_on_names_the_pages_of_every_citation(pdf_path, letters):
    """The pages printed under each entry of the bibliography are those on which a link leads to it; a citation of several works that runs over a page counts where it begins."""
    pdf, document = pikepdf.open(pdf_path), pypdfium2.PdfDocument(pdf_path)
    pages = {leaf.objgen: number for number, leaf in enumerate(pdf.pages)}
    names, leading = pikepdf.NameTree(pdf.Root.Names.Dests) if "/Names" in pdf.Root else {}, defaultdict(set)
    for number, leaf in enumerate(pdf.pages):
        for link in leaf.get("/Annots", ()):
            target = link.get("/Dest") or (link.A.D if link.A.S == "/GoTo" else None)
            if target is not None:
                page, _, _, top, *_ = target if isinstance(target, pikepdf.Array) else names[str(target)]
                leading[pages[page.objgen], round(float(top))].add(document.get_page_label(number))
    labels = [document.get_page_label(number) for number in range(len(pdf.pages))]
    before = dict(zip(labels[1:], labels))
    paragraphs = [own for owner, own in lines.lines(letters).items() if owner.tag == "/P"]
    checked = 0
    for entry, cited in pairwise(paragraphs):
        if printed := re.fullmatch(r"Cited on pp?\.(.+)", lines.text_of(cited).strip()):
            numbers = [part.split("–") for part in re.sub(r"\s", "", printed[1]).split(",")]
            expected = {label for first, *last in numbers for label in (map(str, range(int(first), int(last[0]) + 1)) if last and first.isdigit() else [first, *last])}
            places = {top: found for (page, top), found in leading.items() if page == entry[0].page and 0 <= top - entry[0].baseline < 12}
            linked = set().union(*places.values())
            assert expected - linked <= {before[label] for label in linked} and linked - expected <= {label for label in linked if before[label] in expected}, lines.text_of(entry)[
                :60
            ]
            checked += 1
    assert checked > 400


def test_pictures_and_tables_are_accessible(pdf_path):
    pdf = pikepdf.open(pdf_path)
    tags = [item for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and "/S" in item and "/P" in item]
    charts = sum(source.count("{chart}") for _, sources in toctrees() for source in sources)
    assert [len(str(tag.Alt)) > 40 for tag in tags if tag.S == "/Figure"] == [True] * charts
    assert {"/Scope" in tag.A.unparse().decode() for tag in tags if tag.S == "/TH"} == {True}


def test_all_text_arrives_in_order(book, letters):
    """Every paragraph, heading, cell and term of the resolved doctrees, one after the other in the reading order of the structure tree; notes and floats anywhere."""
    blocks = lines.lines(letters)
    marks = re.compile(r"\W*(\d{0,3}|[a-z])\W*")  # numbers of notes and items, which docutils keeps apart
    words = "".join(bare(lines.text_of(own)) for owner, own in blocks.items() if not (owner.tag == "/Lbl" and marks.fullmatch(lines.text_of(own))))
    assert not re.search("[\ufb00-\ufb06\ufffd\0]", words), "a ligature or an unknown character came out of the PDF"
    at, seen, lost = 0, 0, []
    for name, document in resolved(book).items():
        for node in document.findall(nodes.TextElement):
            around = [node, *parents(node)]
            if isinstance(node.parent, nodes.TextElement) or any(type(a).__name__ in {"chart_table", "comment", "label", "index"} for a in around) or "cited-in" in node["classes"]:
                continue
            text = bare("".join(part.astext() for part in node.findall(nodes.Text) if not isinstance(part.parent, nodes.footnote_reference)))
            moves = any(isinstance(a, (nodes.footnote, nodes.figure)) for a in around)
            found = words.find(text, 0 if moves else at, len(words) if moves or len(text) > 30 else at + 6000)
            seen += 1
            if found < 0:
                lost.append(f"{name}: {node.astext()[:70]}")
            elif not moves:
                at = found + len(text)
    assert seen > 1000 and not lost


def bare(text):
    """For comparing: no spaces, dashes of division or page references, which only the PDF has."""
    return re.sub(r"\(p\.[\dxvi]+\)|,p\.[\dxvi]+", "", re.sub(r"[\s\u00ad\u2060\ufffe\x02-]", "", text.casefold()))


def parents(node):
    while (node := node.parent) is not None:
        yield node


def resolved(book):
    """The documents of the book as the PDF's builder has them, from the doctrees of the session's build."""
    with docutils_namespace():
        app = Sphinx(str(ROOT / "book"), str(ROOT), str(book.pdf.parent), f"{book.pdf.parent}-doctrees", "pdf", status=None, warning=None)
        app.builder.env = app.env
        return Book(app.builder).documents


def test_structure(pdf_path, letters):
    """Nothing stands outside a block, headings go down a level at a time, links say where they lead, and Russian is marked as Russian."""
    blocks = lines.lines(letters)
    assert not [lines.text_of(own)[:60] for owner, own in blocks.items() if owner.number == 0]
    levels = [int(owner.tag[2]) for owner in blocks if re.fullmatch(r"/H\d", owner.tag)]
    assert levels and all(after <= before + 1 for before, after in pairwise(levels))
    pdf = pikepdf.open(pdf_path)
    assert all(str(link.Contents) for leaf in pdf.pages for link in leaf.get("/Annots", ()))
    russian = {letter.language for letter in letters if "\u0400" <= letter.letter <= "\u04ff"}
    assert russian == {"ru"}


def test_contents_agree_with_outline_and_text(pdf_path, letters):
    """Title and page of each entry of the table of contents are those of the outline, and the title stands on that page."""
    document = pypdfium2.PdfDocument(pdf_path)
    outline = {bare(mark.get_title()): mark.get_dest().get_index() for mark in document.get_toc() if mark.level < 2}
    entries = [bare(lines.text_of(own)) for owner, own in lines.lines(letters).items() if owner.tag == "/TOCI"]
    listed = [entry for entry in entries if not entry.startswith(("chart", "table"))]
    assert len(listed) > 10
    for entry in listed:
        title = next(title for title in sorted(outline, key=len, reverse=True) if entry.startswith(title))
        page = outline[title]
        assert entry.removeprefix(title) == document.get_page_label(page)
        assert re.sub(r"^part[ivx]+|^\d+", "", title) in bare(document[page].get_textpage().get_text_bounded())


def test_lines_are_well_set(letters):
    """No line over the edge, at most one in two hundred loose, and none alone at the head or foot of a page."""
    blocks = lines.lines(letters)
    stretched = lines.justified(blocks)
    loose = [f"page {line.page + 1}: “{line.text.strip()}”" for line in stretched if line.looseness > LOOSE]
    assert not lines.overfull(blocks)
    assert len(loose) <= len(stretched) / 200, loose
    assert not lines.stranded(blocks)


def test_the_measure_sees_bad_lines(tmp_path):
    """Typst made to strand lines, to stretch them and to run over: each is found."""
    word, long, paragraph = "incomprehensibilities ", "x" * 90, "#lorem(52)\n\n"
    text = f"""#set document(title: "t")\n#set page(width: 156mm, height: 60mm, margin: (inside: 22mm, outside: 27mm, y: 15mm))
#set text(size: 10pt, lang: "en", hyphenate: false, costs: (widow: 0%, orphan: 0%))\n#set par(justify: true, spacing: 0.65em)
#lorem(14)\n\n{"".join(paragraph.replace("52", str(n)) for n in range(30, 75, 2))}\n#pagebreak()\n{word * 20}\n\n{long}"""
    (tmp_path / "bad.typ").write_text(text, "utf-8")
    typst.compile(str(tmp_path / "bad.typ"), output=str(tmp_path / "bad.pdf"), font_paths=[str(ROOT / "theme/fonts")])
    blocks = lines.lines(list(lines.characters(tmp_path / "bad.pdf")))
    kinds = {found.split()[0] for found in lines.stranded(blocks)}
    assert kinds == {"widow", "orphan"}
    assert any(line.looseness > LOOSE for line in lines.justified(blocks))
    assert len(lines.overfull(blocks)) == 1


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

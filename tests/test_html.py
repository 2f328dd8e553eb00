"""The site as files: what it weighs, what each page says of itself, and that the same sources make the same bytes."""

import gzip
import json
import re

import pydata_sphinx_theme
import pytest
from conftest import ROOT, sphinx
from lxml import html

from extensions import reading

KB = 1024
ORIGIN = re.compile(r"^(?:[a-z]+:)?//")


@pytest.fixture(scope="session")
def pages(book):
    return {path.relative_to(book.html).as_posix(): html.parse(path) for path in sorted(book.html.rglob("*.html"))}


def packed(path):
    return len(gzip.compress(path.read_bytes(), mtime=0))


def test_weight(book, pages):
    """60 KB of markup, style and script for a chapter, 150 for a page made from tables; 80 of fonts; 15 a chart."""
    shared = sum(packed(book.html / "_static" / name) for name in ("book.css", "mode.js", "ui.js"))
    heavy = {name: packed(book.html / name) + shared for name in pages}
    assert not {name: size for name, size in heavy.items() if size > (60 if re.search(r"/\d\d-|^index|^404", name) else 150) * KB}
    assert sum(font.stat().st_size for font in (book.html / "_static").glob("*.woff2")) <= 80 * KB
    assert not {chart.name: packed(chart) for chart in book.html.glob("_images/*.svg") if packed(chart) > 15 * KB}


def test_nothing_of_the_theme_is_left_behind(book):
    ours = {path.name for path in (ROOT / "theme/html/static").iterdir()}
    made = {"book.css", *(f"{face}.woff2" for face in reading.FACES)}
    assert {path.name for path in (book.html / "_static").iterdir()} == ours | made


def test_pages_obey_the_policy_and_ask_nobody_else(pages):
    for name, page in pages.items():
        assert not page.xpath("//@style | //style | //@*[starts-with(name(), 'on')]"), name
        assert not page.xpath("//script[not(@src) and not(@type='application/ld+json')]"), name
        assert not [src for src in page.xpath("//@src | //link[@rel!='canonical']/@href") if ORIGIN.match(src)], name


def test_pages_describe_themselves(book, pages):
    addresses = (book.html / "sitemap.xml").read_text("utf-8")
    for name, page in pages.items():
        if name == "404.html":
            continue
        about = {meta.get("name"): meta.get("content") for meta in page.xpath("//meta[@name]")}
        canonical, data = page.xpath("//link[@rel='canonical']/@href")[0], json.loads(page.xpath("//script[@type='application/ld+json']/text()")[-1])
        assert 20 <= len(about["description"]) <= 400 and canonical.endswith(name), name
        assert {"citation_title", "citation_author", "citation_publication_date"} <= about.keys(), name
        assert name in {"genindex.html", "search.html"} or canonical in addresses
        if re.search(r"/\d\d-", name):
            assert data["@type"] == "Chapter" and data["isPartOf"]["@type"] == "Book" and about["citation_inbook_title"], name
        assert len(page.xpath("//h1")) == 1 and page.getroot().get("lang") == "en-GB", name


def test_pictures_have_size_words_and_a_dark_twin(book, pages):
    charts = [(name, picture) for name, page in pages.items() for picture in page.xpath("//figure//picture")]
    assert charts
    for name, picture in charts:
        image, (dark,) = picture.find(".//img"), picture.xpath(".//source/@srcset")
        assert image.get("alt") and image.get("loading") == "lazy" and int(image.get("width")) and int(image.get("height")), name
        assert (book.html / name).parent.joinpath(dark).resolve().exists(), dark


def test_same_bytes_from_another_run(book, tmp_path):
    """Another place, one process instead of two, another hash seed."""
    done = sphinx(ROOT / "book", "html", tmp_path / "html", PYTHONHASHSEED="7")
    assert done.returncode == 0, done.stderr
    files = {path.relative_to(book.html).as_posix() for path in book.html.rglob("*") if path.is_file()} - {".buildinfo"}
    assert files == {path.relative_to(tmp_path / "html").as_posix() for path in (tmp_path / "html").rglob("*") if path.is_file()} - {".buildinfo"}
    assert not [name for name in sorted(files) if (book.html / name).read_bytes() != (tmp_path / "html" / name).read_bytes()]


@pytest.mark.parametrize("written, asked", [("Łódź", "lodz"), ("Győr", "gyor"), ("Broué", "broue"), ("Straße", "strasse"), ("Ёлка", "елка")])
def test_search_folds_accents(written, asked):
    assert reading.fold(written) == asked


def test_search_reaches_sections_claims_works_and_terms():
    page = "<section id=s><h2>Head<a class=headerlink>#</a></h2>own<div class='claim x' id=c><p class=claim-statement>It was.</p>why</div> tail<dl><dt id=t>term</dt><dd>meaning</dd></dl></section>"
    body = html.fragment_fromstring(page, create_parent="div")
    assert reading.texts(body) == [("s", "Head", "own tail"), ("c", "It was.", "why"), ("t", "term", "meaning")]


@pytest.mark.parametrize(
    "rule, kept",
    [(".used p{a:b}", True), (".used .gone{a:b}", False), ("p:not(.gone)>.used::before{a:b}", True), ("#here,#gone{a:b}", True), ("[data-x] p{a:b}", False)]
    + [("@media print{.gone{a:b}}", False), ("@media print{p{a:b}}", True), ("@font-face{a:b}", False), ("table{a:b}", False)],
)
def test_purge(rule, kept):
    assert bool(reading.purge(rule, {"p", ".used", "#here"})) is kept


def test_the_theme_still_has_the_blocks_that_we_fill():
    """sphinx-book-theme and pydata-sphinx-theme are pinned because layout.html depends on these names."""
    theme = reading.Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme"
    layout = (theme / "layout.html").read_text("utf-8")
    for block in ("css", "extrahead", "docs_navbar", "search_dialog", "docs_body", "docs_toc", "scripts_end", "footer"):
        assert re.search(rf"\{{%-? block {block} ", layout), block
    for name in ("sections/sidebar-primary.html", "sections/header-article.html", "sections/announcement.html", "sections/footer-content.html"):
        assert name in layout

"""The site as files: what it weighs, what each page says of itself, and that the same sources make the same bytes."""

import gzip
import hashlib
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import imagesize
import pydata_sphinx_theme
import rispy
import yaml
from conftest import ROOT, sphinx
from lxml import html
from pybtex.database import parse_file

from extensions import reading, site
from extensions.apparatus import REGIONS, THEMES

PAGE = "<section id=s><h2>Head<a class=headerlink>#</a></h2>own<div class='claim' id=c><p class=claim-statement>It was.</p>why</div> tail<dl><dt id=t>term</dt><dd>meaning</dd></dl></section>"
BLOCKS = "css extrahead docs_navbar search_dialog docs_body docs_toc scripts_end footer".split()


def packed(path):
    return len(gzip.compress(path.read_bytes(), mtime=0)) / 1024


def test_weight(book, pages):
    """60 KB of markup, style and script for a chapter, 150 for a page made from tables; 80 of fonts; 15 a chart; nothing of the theme's left."""
    static = {re.sub(r"-[0-9a-f]{8}(?=\.)", "", path.name): path for path in (book.html / "_static").iterdir()}
    shared = sum(packed(static[name]) for name in ("book.css", "mode.js", "ui.js"))
    assert not [name for name in pages if packed(book.html / name) + shared > (60 if re.search(r"/\d\d-|^index|^404", name) else 150)]
    assert sum(path.stat().st_size for name, path in static.items() if name.endswith(".woff2")) <= 80 * 1024
    assert not [chart.name for chart in book.html.glob("_images/*.svg") if packed(chart) > 15]
    assert static.keys() == {path.name for path in (ROOT / "theme/html/static").iterdir()} | {"book.css", "card.png", *(f"{face}.woff2" for face in site.FACES)}


def test_pages_obey_the_policy_and_describe_themselves(book, pages):
    for name, page in pages.items():
        assert not page.xpath("//@style | //style | //@*[starts-with(name(), 'on')] | //script[not(@src) and not(@type='application/ld+json')]"), name
        assert not [src for src in page.xpath("//@src | //link[@rel!='canonical']/@href") if re.match(r"(?:[a-z]+:)?//", src)], name
        assert len(page.xpath("//h1")) == 1 and page.getroot().get("lang") == "en-GB", name
        about = {meta.get("name"): meta.get("content") for meta in page.xpath("//meta[@name]")}
        if name == "404.html":
            continue
        assert 20 <= len(about["description"]) <= 400 and {"citation_title", "citation_author", "citation_publication_date"} <= about.keys(), name
        (canonical,) = page.xpath("//link[@rel='canonical']/@href")
        assert canonical.endswith(name) and (name in {"genindex.html", "search.html"} or canonical in (book.html / "sitemap.xml").read_text("utf-8"))
        if re.search(r"/\d\d-", name):
            data = json.loads(page.xpath("//script[@type='application/ld+json']/text()")[-1])
            assert data["@type"] == "Chapter" and data["isPartOf"]["@type"] == "Book" and about["citation_inbook_title"], name


def test_names_follow_content(book):
    for path in (book.html / "_static").iterdir():
        assert path.stem.rpartition("-")[2] == hashlib.sha256(path.read_bytes()).hexdigest()[:8], path.name


def test_card(book, pages):
    """What others show for a link: 1200 by 630, described, at an absolute address that exists."""
    for name, page in pages.items():
        if name != "404.html":
            about = {meta.get("property"): meta.get("content") for meta in page.xpath("//meta[@property]")}
            file = book.html / "_static" / about["og:image"].rpartition("/")[2]
            assert about["og:image"].startswith("https://") and about["og:image:alt"] and imagesize.get(file) == (1200, 630), name


def test_references_are_read_back(book, pages):
    """Each page offers itself as BibTeX and RIS, and libraries read them: a chapter is a part of the book, under its title without its number."""
    offered = 0
    for name, page in pages.items():
        links = page.xpath("//details[@class='cite-this']//a/@href")
        files = {Path(link).suffix: (book.html / name).parent / link for link in links}
        if not files:
            continue
        (entry,) = parse_file(str(files[".bib"]), "bibtex").entries.values()
        (record,) = rispy.loads(files[".ris"].read_text("utf-8"))
        title, whole = page.xpath("//meta[@name='citation_title']/@content")[0], page.xpath("//meta[@name='citation_inbook_title']/@content")
        assert entry.fields["title"].strip("{}") == record["title"] == title and record["urls"] == [entry.fields["url"]], name
        assert (entry.type, record["type_of_reference"]) == (("incollection", "CHAP") if whole else ("book", "BOOK")), name
        assert [entry.fields.get("booktitle")] == (whole or [None]) and str(entry.persons["author"][0]).strip("{}") == "the contributors"
        offered += 1
    assert offered == len(pages) - 3  # all but search, index and the page for lost addresses


def test_sections_and_claims_have_permanent_links(pages):
    for name, page in pages.items():
        if name not in {"genindex.html", "404.html"}:
            for heading in page.xpath("//article//section/h2"):
                assert heading.xpath("./a[contains(@class, 'headerlink')]/@href"), f"{name}: {heading.text_content()}"
            for claim in page.xpath("//*[contains(concat(' ', @class, ' '), ' claim ')][@id]"):
                assert f"#{claim.get('id')}" in claim.xpath(".//a[contains(@class, 'permalink')]/@href"), f"{name}: {claim.get('id')}"


def test_search_stays_light(book):
    """The index and the texts that one query may load, packed, are at most 250 KB; the budget in search.js is what keeps it so."""
    script = next((book.html / "_static").glob("search-*.js")).read_text("utf-8")
    budget = int(re.search(r"BUDGET = (\d+)", script)[1])
    index = book.html / "_search/index.js"
    assert packed(index) + budget <= 250
    docs = json.loads(re.search(r"bookIndex\((\[.*?\]\]),", index.read_text("utf-8"))[1])
    for doc, _, _, size in docs:
        assert abs(size - packed(book.html / f"_search/{doc}.js")) <= 1 and size <= budget, doc
    assert not [page for page in book.html.rglob("*.html") if "_search/" in page.read_text("utf-8")]


def test_pictures_have_size_words_and_a_dark_twin(book, pages):
    charts = [(name, picture) for name, page in pages.items() for picture in page.xpath("//figure//picture")]
    assert charts
    for name, picture in charts:
        (image,), (dark,) = picture.xpath(".//img"), picture.xpath(".//@srcset")
        assert image.get("alt") and image.get("loading") == "lazy" and int(image.get("width")) and int(image.get("height")), name
        assert (book.html / name).parent.joinpath(dark).resolve().exists(), dark


def test_same_bytes_from_another_run(book, tmp_path):
    """Another place, one process instead of two, another hash seed."""
    done = sphinx(ROOT / "book", "html", tmp_path / "html", PYTHONHASHSEED="7")
    assert done.returncode == 0, done.stderr
    files = [{path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()} for root in (book.html, tmp_path / "html")]
    assert not [str(name) for name in files[0].keys() | files[1] if name.name != ".buildinfo" and files[0].get(name) != files[1].get(name)]


def test_search_folds_accents_and_reaches_every_piece():
    assert [reading.fold(word) for word in ("Łódź", "Győr", "Straße", "Ёлка")] == ["lodz", "gyor", "strasse", "елка"]
    pieces = reading.texts(html.fragment_fromstring(PAGE, create_parent="div"))
    assert pieces == [("s", "Head", "own tail"), ("c", "It was.", "why"), ("t", "term", "meaning")]


def test_purge_keeps_what_a_page_can_match():
    kept = ".used p{a:1}p:not(.gone)>.used::before{a:2}#here{a:3}@media print{p{a:4}}"
    dropped = ".used .gone{a:5}[data-x] p{a:6}table{a:7}@font-face{a:8}@media screen{.gone{a:9}}"
    assert site.purge(kept.replace("#here", "#here,#gone") + dropped, {"p", ".used", "#here"}) == kept


def test_the_theme_still_has_the_blocks_that_we_fill():
    """sphinx-book-theme and pydata-sphinx-theme are pinned because layout.html depends on these names."""
    layout = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/layout.html"
    assert set(BLOCKS) <= set(re.findall(r"\{%-? block (\w+) ", layout.read_text("utf-8")))


def test_every_theme_and_region_can_be_chosen():
    """The timeline's choices work by the style sheet alone, so that each has its rule there."""
    style = (ROOT / "theme/html/book.css").read_text("utf-8")
    for name, known in (("theme", THEMES), ("region", REGIONS)):
        for i in range(len(known)):
            assert f"section:has(#{name}-{i}:checked) .timeline tbody tr:not(.{name}-{i})" in style
        assert f"#{name}-{len(known)}:" not in style


def test_every_page_asks_for_errors(pages, book):
    """The link's fields are those of the form, and name the page and the edition."""
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/error-of-fact.yml").read_text("utf-8"))
    ids = {field["id"] for field in form["body"]}
    for name, page in pages.items():
        links = [urlparse(href) for href in page.xpath("//footer//a/@href") if "issues/new" in href]
        assert len(links) == 1, name
        asked = parse_qs(links[0].query)
        assert asked.keys() - {"template", "title"} <= ids and asked["template"] == ["error-of-fact.yml"], name
        assert asked["page"][0].endswith(name) and re.fullmatch(r"\S+ \(\w+, \d{4}-\d\d-\d\d\)", asked["edition"][0]), name

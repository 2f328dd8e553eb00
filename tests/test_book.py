"""The real book: what it says of each claim, what it cites, and that every link in it lands."""

import re
import tomllib
import zipfile
from pathlib import PurePosixPath

import pypdfium2
import pytest
from conftest import ROOT
from lxml import etree, html

CHAPTERS = {path.stem: path for path in sorted((ROOT / "book").glob("*/[0-9][0-9]-*.md"))}
REGISTER = {
    path.stem: {id: claim for id, claim in tomllib.loads(path.read_text("utf-8")).items() if id != "title"}
    for path in sorted((ROOT / "data/claims").glob("*/*.toml"))
}
IDS = (ROOT / "tests/claim-ids.txt").read_text("utf-8").split()  # every claim that the research on the essay numbered
WORDS = (4000, 5500)


def running_prose(source: str) -> str:
    """A chapter's narrative, with its roles: no directives, notes, lists of claims, questions or reading."""
    text = source.split("\n## Claims checked")[0].split("\n## ", 1)[1]
    text = re.sub(r"^(:{3,}|`{3,})\{.*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"^\[\^.*?(?=^\S|\Z)", "", text, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapter_length(chapter):
    prose = re.sub(r"\{[\w:]+\}`[^`]*`", "", running_prose(CHAPTERS[chapter].read_text("utf-8")))
    words = len(re.findall(r"[\w\u2019'-]+", prose))
    assert WORDS[0] <= words <= WORDS[1], f"{chapter} has {words} words of running prose"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_paragraph_of_fact_cites(chapter):
    """A paragraph with a year in it states a fact, and a fact has its citation."""
    paragraphs = running_prose(CHAPTERS[chapter].read_text("utf-8")).split("\n\n")
    bare = [paragraph.strip()[:80] for paragraph in paragraphs if re.search(r"\b1[89]\d\d\b", paragraph) and "{cite:" not in paragraph]
    assert not bare


def test_every_claim_of_the_essay_is_in_the_register():
    claims = {id: claim for chapter in REGISTER.values() for id, claim in chapter.items()}
    aliases = {alias for claim in claims.values() for alias in claim.get("aliases", [])}
    assert not set(IDS) - claims.keys() - aliases
    assert not aliases & claims.keys()


@pytest.mark.parametrize("part", sorted({path.parent.name for path in (ROOT / "data/claims").glob("*/*.toml")}))
def test_claims_reach_every_format(part, book):
    """Each claim of a part stands in HTML, ePub and PDF with its restatement, its verdict and a source."""
    trees = [html.parse(book.html / f"back/claims/{part}.html"), etree.fromstring(zipfile.ZipFile(book.epub).read(f"EPUB/back/claims/{part}.xhtml"))]
    pdf = "".join("".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(book.pdf)).split())
    for path in sorted((ROOT / "data/claims" / part).glob("*.toml")):
        for id, claim in REGISTER[path.stem].items():
            for tree, name in [(tree, name) for tree in trees for name in [id, *claim.get("aliases", [])]]:
                entry = next(iter(tree.xpath(f"//*[@id='{name}']")), None)
                assert entry is not None, name
            text = " ".join("".join(entry.getparent().itertext()).split())
            assert re.split(r"[{*]", claim["claim"])[0].strip()[:40] in text
            assert claim["verdict"] in text
            assert entry.getparent().xpath(".//*[local-name()='a'][contains(@href, '#cite-')]")
            assert id in pdf, f"{id} is not in the PDF"


def test_every_link_of_the_site_lands(book):
    pages = {path.relative_to(book.html).as_posix(): html.parse(path) for path in book.html.rglob("*.html")}
    ids = {name: set(page.xpath("//@id")) for name, page in pages.items()}
    lost = []
    for name, page in pages.items():
        if name == "404.html":
            continue  # counts from the site's address
        for href in page.xpath("//a/@href"):
            if re.match(r"[a-z]+:", href) or href.startswith("../in-stalinisms-shadow."):
                continue
            file, _, anchor = href.partition("#")
            target = (PurePosixPath(name).parent / file).as_posix() if file else name
            parts = []
            for part in target.split("?")[0].split("/"):
                parts = parts[:-1] if part == ".." and parts else [*parts, part] if part not in {".", ".."} else parts
            target = "/".join(parts)
            if target.startswith("in-stalinisms-shadow"):
                continue
            if not (book.html / target).exists() or (anchor and target in ids and anchor not in ids[target]):
                lost.append(f"{name}: {href}")
    assert not lost


def test_every_link_of_the_epub_lands(book):
    archive = zipfile.ZipFile(book.epub)
    pages = {name: etree.fromstring(archive.read(name)) for name in archive.namelist() if name.endswith(".xhtml")}
    lost = []
    for name, page in pages.items():
        for href in page.xpath("//*[local-name()='a']/@href"):
            if re.match(r"[a-z]+:", href):
                continue
            file, _, anchor = href.partition("#")
            parts = list(PurePosixPath(name).parent.parts) if file else list(PurePosixPath(name).parts)
            for part in file.split("/") if file else []:
                parts = parts[:-1] if part == ".." else [*parts, part]
            target = pages.get("/".join(parts))
            if target is None or (anchor and not target.xpath(f"//*[@id='{anchor}']")):
                lost.append(f"{name}: {href}")
    assert not lost


def test_one_tradition_does_not_carry_a_chapter():
    """No tradition but scholarship's own and no host supplies more than a third of a chapter's citations (the book's design, What a chapter rests on)."""
    entries = dict(re.findall(r"^@\w+\{([^,]+),\n(.*?)^\}", (ROOT / "refs.bib").read_text("utf-8"), re.DOTALL | re.MULTILINE))
    for chapter in CHAPTERS:
        cited = re.findall(r"\{cite:[pt]\}`([^`]+)`", CHAPTERS[chapter].read_text("utf-8"))
        keys = [key.strip() for text in cited for key in re.sub(r"\{[^{}]*\}", "", text).split(",")]
        hosts = [match[1] for key in keys if (match := re.search(r"url = \{https?://(?:www\.)?([^/}]+)", entries[key]))]
        traditions = [re.search(r"tradition = \{([^}]+)\}", entries[key])[1] for key in keys]
        assert max(map(hosts.count, hosts)) <= len(keys) / 3
        assert max(traditions.count(name) for name in set(traditions) - {"scholarship"}) <= len(keys) / 3
        read = {key for key in keys if re.search(r"consulted = \{(full|part|opening|abstract)\}", entries[key])}
        against = {key for key in read if "stance = {against}" in entries[key]}
        assert len(read) >= 8 and len(against) >= 2 and any("kind = {primary}" in entries[key] for key in read)

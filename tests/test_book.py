"""The real book: what it says of each claim, what it cites, and that every link in it lands."""

import csv
import hashlib
import re
import tomllib
from posixpath import dirname, join, normpath

import pytest
from conftest import ROOT

from extensions.claims import words

CHAPTERS = {path.stem: path for path in sorted((ROOT / "book").glob("*/[0-9][0-9]-*.md"))}
REGISTER = {path.stem: {id: claim for id, claim in tomllib.loads(path.read_text("utf-8")).items() if id != "title"} for path in sorted((ROOT / "data/claims").glob("*/*.toml"))}
QUOTATIONS = tomllib.loads((ROOT / "data/quotations.toml").read_text("utf-8"))
PEOPLE = tomllib.loads((ROOT / "data/people.toml").read_text("utf-8"))
TIMELINE = list(csv.DictReader((ROOT / "data/timeline.csv").read_text("utf-8").splitlines()))
# Every claim and quotation that the research on the essay numbered, and for a claim the hash of its wording there.
RESEARCH = list(csv.DictReader((ROOT / "tests/research.csv").read_text("utf-8").splitlines()))
WORDS = (4000, 5500)
LONGER = {"12-rivals": 6000, "15-grave-digger": 7000}  # eleven views, and eight countries


def squeezed(text: str) -> str:
    """Text for comparing across formats: no spaces, no hyphens, one kind of apostrophe."""
    return re.sub(r"[\s\u00ad\u2060\ufffe\x02-]", "", text).replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")


def running_prose(source: str) -> str:
    """A chapter's narrative, with its roles: no directives, notes, lists of claims, questions or reading."""
    text = source.split("\n## Claims checked")[0].split("\n## ", 1)[1]
    text = re.sub(r"^(:{3,}|`{3,})\{.*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"^\[\^.*?(?=^\S|\Z)", "", text, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapter_length(chapter):
    prose = re.sub(r"\{[\w:]+\}`[^`]*`", "", running_prose(CHAPTERS[chapter].read_text("utf-8")))
    count = len(re.findall(r"[\w\u2019'-]+", prose))
    assert WORDS[0] <= count <= LONGER.get(chapter, WORDS[1]), f"{chapter} has {count} words of running prose"


def index_of(path) -> set[str]:
    """The main words of a chapter's index entries."""
    return {found.strip() for found in re.findall(r"single: ([^;\n]+)", path.read_text("utf-8"))}


def test_whoever_is_in_three_chapters_is_in_the_apparatus():
    """Persons in the people, other words of the index in the glossary or among the timeline's places."""
    people = {person["name"]: person for person in PEOPLE.values()}
    terms = set(re.findall(r"^(\S.*)\n  ", (ROOT / "book/back/glossary.md").read_text("utf-8"), re.MULTILINE))
    places = {part.strip() for row in TIMELINE for part in row["place"].split(",")}
    known = {word.casefold() for word in people.keys() | terms | places}
    chapters = {}
    for path in CHAPTERS.values():
        for word in index_of(path):
            chapters.setdefault(word, []).append(path.stem)
    assert not {word: where for word, where in chapters.items() if len(where) >= 3 and word.casefold() not in known}
    assert 100 <= len(people) <= 150 and len(TIMELINE) >= 80


def test_index_refers_to_what_it_has():
    """Each *see* and *see also* leads to a word that the index has."""
    sources = {path: path.read_text("utf-8") for path in (ROOT / "book").rglob("*.md")}
    words = {found.split(";")[0].strip() for text in sources.values() for found in re.findall(r"single: ([^\n]+)", text)}
    see = [(path.name, target.strip()) for path, text in sources.items() for target in re.findall(r"\{index\} see(?:also)?: [^;\n]+; ([^\n]+)", text)]
    assert see and not [(name, target) for name, target in see if target not in words]


def test_people_lead_to_every_chapter_that_indexes_them():
    """And to none that does not name them."""
    label = {path.stem: re.match(r"\(([\w-]+)\)=", path.read_text("utf-8"))[1] for path in CHAPTERS.values()}
    text = {label[stem]: path.read_text("utf-8") for stem, path in CHAPTERS.items()}
    for person in PEOPLE.values():
        indexed = {label[path.stem] for path in CHAPTERS.values() if person["name"] in index_of(path)}
        assert indexed <= set(person["chapters"]), person["name"]
        assert not [chapter for chapter in person["chapters"] if person["name"].split(",")[0] not in text[chapter]], person["name"]


@pytest.mark.parametrize("kind", ["pages", "leaves"])
def test_people_and_terms_are_linked_both_ways(kind, request):
    """A chapter that the entry of a person or a term leads to leads to that entry, and the other way round; no entry leads nowhere."""
    there, back = set(), set()
    for path in [*CHAPTERS.values(), ROOT / "book/back/people.md", ROOT / "book/back/glossary.md"]:
        name = path.relative_to(ROOT / "book").with_suffix(".html" if kind == "pages" else ".xhtml").as_posix()
        page = request.getfixturevalue(kind)[name]
        if path.stem in CHAPTERS:
            hrefs = page.xpath("//*[local-name()='a'][contains(@href, 'back/people.') or contains(@href, 'back/glossary.')][contains(@href, '#')]/@href")
            there |= {(name, joined(name, href)) for href in hrefs}
        for term in page.xpath("//*[local-name()='dt'][@id or ../@id]"):
            entry = f"{name}#{term.get('id') or term.getparent().get('id')}"
            hrefs = [href for href in term.getnext().xpath(".//*[local-name()='a']/@href") if re.search(r"/\d\d-", href)]
            back |= {(joined(name, href).partition("#")[0], entry) for href in hrefs}
            assert hrefs, f"{entry} leads to no chapter"
    assert there == back


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_paragraph_of_fact_cites(chapter):
    """A paragraph with a year in it states a fact, and a fact has its citation; headings and tables have theirs beside them."""
    paragraphs = running_prose(CHAPTERS[chapter].read_text("utf-8")).split("\n\n")
    bare = [paragraph.strip()[:80] for paragraph in paragraphs if re.search(r"^(?![#|]).*\b1[89]\d\d\b", paragraph.strip(), re.DOTALL) and "{cite:" not in paragraph]
    assert not bare


def test_everything_that_the_essay_says_is_in_the_register():
    for kind, entries in (("claim", {id: claim for chapter in REGISTER.values() for id, claim in chapter.items()}), ("quotation", QUOTATIONS)):
        aliases = {alias for entry in entries.values() for alias in entry.get("aliases", [])}
        assert not {row["id"] for row in RESEARCH if row["kind"] == kind} - entries.keys() - aliases
        assert not aliases & entries.keys()


def test_counts_in_the_prose_are_the_registers(pages):
    """Each number of claims that a chapter states is what counting the files again gives, and the prose has it from nowhere else."""
    small = "no one two three four five six seven eight nine ten eleven twelve".split()
    mine = [claim for chapter in REGISTER.values() for claim in chapter.values() if not claim.get("rival")]
    stated = 0
    for path in CHAPTERS.values():
        asked = re.findall(r"\{claim-count\}`([^`/]+)(?:/([^`]+))?`", path.read_text("utf-8"))
        printed = pages[path.relative_to(ROOT / "book").with_suffix(".html").as_posix()].xpath("//*[contains(@class, 'claim-count')]")
        counts = [sum(weight in {claim["weight"], "all"} and verdict in {claim["verdict"], ""} for claim in mine) for weight, verdict in asked]
        stated += len(asked)
        assert [node.text for node in printed] == [small[count] if count < len(small) else str(count) for count in counts], path.name
    assert stated, "no chapter states how many claims there are"


def test_restatements_are_our_own():
    """No claim stands in the words in which the research noted it."""
    known = {row["wording"] for row in RESEARCH} - {""}
    restated = {id: " ".join(words(claim["claim"])) for chapter in REGISTER.values() for id, claim in chapter.items()}
    assert known and not [id for id, text in restated.items() if hashlib.blake2b(text.encode(), digest_size=8).hexdigest() in known]


def test_quotations_reach_every_format(pages, leaves, pdf_text):
    """Each quotation stands in HTML, ePub and PDF with its wording and where it was seen."""
    trees, pdf = [pages["back/quotations.html"], leaves["back/quotations.xhtml"]], squeezed(pdf_text)
    for id, quotation in QUOTATIONS.items():
        printed = squeezed(quotation["wording"].translate({0x201C: 0x2018, 0x201D: 0x2019}))  # quotations within quotations get single marks
        for tree, name in [(tree, name) for tree in trees for name in [id, *quotation.get("aliases", [])]]:
            entry = next(iter(tree.xpath(f"//*[@id='{name}']")), None)
            assert entry is not None, name
            entry = entry if entry.xpath(".//*[local-name()='p']") else entry.getparent()
            assert printed in squeezed("".join(entry.itertext())), name
            assert entry.xpath(".//*[local-name()='a'][contains(@href, '#cite-')]"), name
        assert printed[:60] in pdf, f"{id} is not in the PDF"


@pytest.mark.parametrize("part", sorted({path.parent.name for path in (ROOT / "data/claims").glob("*/*.toml")}))
def test_claims_reach_every_format(part, pages, leaves, pdf_text):
    """Each claim of a part stands in HTML, ePub and PDF with its restatement, its verdict and a source."""
    trees, pdf = [pages[f"back/claims/{part}.html"], leaves[f"back/claims/{part}.xhtml"]], "".join(pdf_text.split())
    for path in sorted((ROOT / "data/claims" / part).glob("*.toml")):
        for id, claim in REGISTER[path.stem].items():
            for tree, name in [(tree, name) for tree in trees for name in [id, *claim.get("aliases", [])]]:
                (entry,) = tree.xpath(f"//*[@id='{name}']/ancestor-or-self::*[contains(concat(' ', @class, ' '), ' claim ')][1]")
                text = " ".join("".join(entry.itertext()).split())
                assert re.split(r"[{*]", claim["claim"])[0].strip()[:40] in text and claim["verdict"] in text, name
                assert entry.xpath(".//*[local-name()='a'][contains(@href, '#cite-')]"), name
            assert id in pdf, f"{id} is not in the PDF"


def test_nothing_is_printed_twice_or_raw(pages, leaves):
    """What no source shows, since roles print their part of it: a word or unit said twice, marks of TeX and of Markdown."""
    slips = re.compile(r"\b(?!had|ha\b)([a-z]{2,}) \1\b|per cent per cent|\\[&$%]|``|\*\*|\{cite")
    for name, page in (pages | leaves).items():
        for block in page.xpath("//*[local-name()='p' or local-name()='li' or local-name()='dd' or local-name()='td'][not(.//*[local-name()='p'])]"):
            text = " ".join("".join(block.itertext()).split())
            assert not (slip := slips.search(text)), f"{name}: {text[max(0, slip.start() - 40) : slip.end() + 40]}"


def test_every_link_of_the_site_lands(book, pages):
    ids = {name: set(page.xpath("//@id")) for name, page in pages.items()}
    lost = []
    for name in ids.keys() - {"404.html"}:  # which counts from the site's address
        for href in pages[name].xpath("//a/@href"):
            target, _, anchor = joined(name, re.sub(r"\?[^#]*", "", href)).partition("#")
            if re.match(r"[a-z]+:", href) or target.startswith("in-stalinisms-shadow."):  # `make` puts the PDF and the ePub there
                continue
            if not (book.html / target).exists() or (anchor and anchor not in ids.get(target, {anchor})):
                lost.append(f"{name}: {href}")
    assert not lost


def test_every_link_of_the_epub_lands(leaves):
    ids = {name: {"", *page.xpath("//@id")} for name, page in leaves.items()}
    links = [(name, href) for name, page in leaves.items() for href in page.xpath("//*[local-name()='a']/@href") if not re.match(r"[a-z]+:", href)]
    places = [(name, href, joined(name, href).partition("#")) for name, href in links]
    assert not [f"{name}: {href}" for name, href, (target, _, anchor) in places if anchor not in ids.get(target, ())]


def joined(name: str, href: str) -> str:
    """The page and anchor that `href` means on the page `name`."""
    file, _, anchor = href.partition("#")
    return f"{normpath(join(dirname(name), file)) if file else name}#{anchor}"


@pytest.mark.parametrize("kind", ["pages", "leaves"])
def test_entries_link_back_to_every_citation(kind, request):
    """For each citation of the book, whatever page it stands on, the entry that it leads to leads back to it."""
    there, back = set(), set()
    for name, page in request.getfixturevalue(kind).items():
        for link in page.xpath("//*[local-name()='a'][contains(@href, '#cite-')]"):
            place = link.xpath("ancestor::*[starts-with(@id, 'cited-')][1]/@id")
            assert place, f"{name}: a citation without an anchor: {link.get('href')}"
            there.add((f"{name}#{place[0]}", joined(name, link.get("href"))))
        for link in page.xpath("//*[@class='cited-in']//*[local-name()='a']"):
            entry = link.xpath("ancestor::*[starts-with(@id, 'cite-')][1]/@id")[0]
            back.add((joined(name, link.get("href")), f"{name}#{entry}"))
    assert len(there) > 1000 and there == back


def test_one_tradition_does_not_carry_a_chapter():
    """No tradition but scholarship's own and no host supplies more than a third of a chapter's citations (the book's design, What a chapter rests on)."""
    entries = dict(re.findall(r"^@\w+\{([^,]+),\n(.*?)^\}", (ROOT / "refs.bib").read_text("utf-8"), re.DOTALL | re.MULTILINE))
    for chapter in CHAPTERS:
        cited = re.findall(r"\{cite:[pt]\}`([^`]+)`", CHAPTERS[chapter].read_text("utf-8"))
        keys = [key.strip() for text in cited for key in re.sub(r"\{[^{}]*\}", "", text).split(",")]
        hosts = [match[1] for key in keys if (match := re.search(r"url = \{https?://(?:www\.)?([^/}]+)", entries[key]))]
        traditions = [re.search(r"tradition = \{([^}]+)\}", entries[key])[1] for key in keys]
        assert max(map(hosts.count, hosts)) <= len(keys) / 3, chapter
        assert max(traditions.count(name) for name in set(traditions) - {"scholarship"}) <= len(keys) / 3, chapter
        read = {key for key in keys if re.search(r"consulted = \{(full|part|opening|abstract)\}", entries[key])}
        against = {key for key in read if "stance = {against}" in entries[key]}
        assert len(read) >= 8 and len(against) >= 2 and any("kind = {primary}" in entries[key] for key in read), chapter


def test_anchors_are_the_same_on_the_site_and_in_the_epub(pages, leaves):
    """Whoever cites a section or a claim by its address finds it under the same name in either."""
    anchors = "//*[(local-name()='section' or contains(concat(' ', @class, ' '), ' claim ')) and @id]/@id"
    for path in sorted((ROOT / "book").rglob("*.md")):
        name = path.relative_to(ROOT / "book").with_suffix("").as_posix()
        if name != "index":
            on_site = set(pages[f"{name}.html"].xpath(f"//main{anchors}"))
            assert on_site and on_site <= set(leaves[f"{name}.xhtml"].xpath("//@id")), name

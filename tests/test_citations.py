"""Author-date citations and the list of sources: what stock sphinxcontrib-bibtex does otherwise, each with its reason to be overridden."""

import re

import pytest
from lxml import html


@pytest.fixture
def pages(tiny):
    done = tiny.build("html")
    assert done.returncode == 0, done.stderr
    return {name: html.parse(tiny.out / f"html/{name}.html") for name in ("1-part/01-one", "back", "constructs")}


def text(node) -> str:
    return " ".join(node.text_content().split())


def test_citations_in_the_text(pages):
    found = [text(node) for node in pages["1-part/01-one"].findall(".//span[@class='citation']")]
    assert "(see Zed 1999, p. 7; Abel and Baker [1937] 1950)" in found  # the author's order, locator, original year
    assert "Abel and Baker ([1937] 1950)" in found
    assert "(Twin 2001a; Twin 2001b)" in found  # one author, one year
    assert "(NKVD 1937)" in found and "(Nashe slovo 1937)" in found  # archive, and a paper without author


def test_entries(pages):
    entries = {node.getparent().get("id"): text(node) for node in pages["back"].findall(".//p[@class='entry']")}
    assert entries["cite-zed1999"] == "Zed, Zoe. 1999. Last of All. London: Press. [Read in part: chapter 1.]"
    assert entries["cite-abel1950"].startswith("Abel, Ann and Bob Baker. [1937] 1950. ‘First of All’. Journal 1 (2): 3–4. Translated by Cy Cole. DOI 10.1000/1.")
    assert entries["cite-archive1937"].startswith("NKVD. 1937. ‘Prikaz’ [Order]. GARF, f. 9401, op. 1, d. 2, l. 3–4.")
    assert entries["cite-pravda1937"].startswith("Nashe slovo. 1937. ‘Наше слово’ [Our word]. Pravda, 1 May 1937.")
    assert entries["cite-twin2001two"].endswith("[Not seen; cited in Zed 1999.]")


def test_links_both_ways(pages):
    for page in pages.values():
        for link in page.findall(".//a[@href]"):
            if "cite" in link.get("class", "").split():
                target = link.get("href").split("#")[1]
                assert pages["back"].find(f".//*[@id='{target}']") is not None
    cited_in = pages["back"].findall(".//p[@class='cited-in']")
    assert len(cited_in) == 6
    for link in (link for paragraph in cited_in for link in paragraph.findall("a")):
        page, anchor = re.fullmatch(r"(.*?)(?:\.html)?#(.+)", link.get("href")).groups()
        place = pages[page or "back"].find(f".//*[@id='{anchor}']")
        key = link.getparent().getparent().get("id")
        assert any(key in a.get("href") for a in place.findall(".//a")), f"{anchor} does not cite {key}"

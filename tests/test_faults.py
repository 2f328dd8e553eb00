"""Each gate, with its fault planted: the build must stop, and say where and what to do."""

import os
import re
import resource
import socket
import subprocess
import sys

import pytest
from conftest import ROOT

CHAPTER, REFS, CONSULTED = "book/1-part/01-one.md", "refs.bib", "data/consulted.csv"
TIMES = "data/timeline.csv"
CLAIMS, QUOTES, SERIES, PACKAGE = "data/claims/1-part/01-one.toml", "data/quotations.toml", "data/series/kulak_exile_stock.csv", "data/datapackage.json"
ALL_OF_ONE = '[{key = "zed1999", bearing = "supports", locator = "p. 7"}, {key = "abel1950", bearing = "disputes"}]'

# name: (file, old text, new text, what the message must say: place, then cure)
FAULTS = {
    "key deleted from refs.bib": (REFS, "@archival{archive1937,", "@archival{archive1938,", r"01-one\.md:9: .*no entry 'archive1937' in refs\.bib: add it"),
    "citation of an unknown key": (CHAPTER, "{cite:t}`abel1950`.", "{cite:t}`able1950`.", r"01-one\.md:7: .*no entry 'able1950'.*mend the key"),
    "citation without a key": (CHAPTER, "{cite:t}`abel1950`.", "{cite:t}`{p. 3}`.", r"01-one\.md:7: .*malformed citation target.*write \{cite:p\}`key"),
    "finding with a citation without a key": (CLAIMS, "abel1950`", "{p. 3}`", r"01-one\.toml:1: .*malformed citation target.*write \{cite:p\}`key"),
    "entry cited nowhere": (REFS, "@book{zed1999,", "@book{new2000, title={New}, year={2000}, kind={debate}, consulted={full}}\n@book{zed1999,", r"refs\.bib:1: .*'new2000' is cited nowhere: cite it"),
    "entry without consulted": (REFS, "kind = {scholarship}, consulted = {part}, consultednote", "kind = {scholarship}, consultednote", r"refs\.bib:1: .*lacks consulted: add"),
    "kind off the list": (REFS, "kind = {scholarship}, consulted = {part}", "kind = {rumour}, consulted = {part}", r"refs\.bib:1: .*kind is one of"),
    "unknown entry type": (REFS, "@newspaper{pravda1937", "@leaflet{pravda1937", r"refs\.bib:\d+: .*unknown type @leaflet; use one of"),
    "title missing": (REFS, "title = {Prikaz}, ", "", r"refs\.bib:\d+: .*'archive1937' lacks title: add"),
    "not seen and no via": (REFS, ", via = {zed1999}", "", r"refs\.bib:\d+: .*'twin2001two' was not seen: name in `via`"),
    "broken BibTeX": (REFS, "title = {Last of All},", "title = {Last of All,", r"refs\.bib:\d+: .*cannot be read"),
    "key without a look": (CONSULTED, "abel1950,https://example.org/abel,2026-01-01,the abstract,,one two three four five,six seven eight nine ten\n", "", r"01-one\.md:7: .*'abel1950' has no row in data/consulted\.csv: record the look"),
    "locator nobody saw": (CHAPTER, "zed1999{p. 7}", "zed1999{p. 8}", r"01-one\.md:7: .*locator 'p\. 8' of 'zed1999' stands in no row"),
    "look without an address": (CONSULTED, "https://example.org/pravda", "", r"data/consulted\.csv:7: .*needs its address"),
    "look with a comma too many": (CONSULTED, "2026-01-01,the abstract,", "2026-01-01,the abstract, and more,", r"data/consulted\.csv:3: .*more than 7 columns: put what was seen between double quotes"),
    "look at an unknown work": (CONSULTED, "pravda1937,https", "pravda1938,https", r"data/consulted\.csv:7: .*no entry 'pravda1938'"),
    "wrong columns of looks": (CONSULTED, "key,address", "key,url", r"data/consulted\.csv:1: .*columns must be key,address"),
    "claim without sources": (CLAIMS, f"sources = {ALL_OF_ONE}", "sources = []", r"data/claims/1-part/01-one\.toml:1: .*one-01: has no sources: add"),
    "claim's source unknown": (CLAIMS, "abel1950", "able1950", r"data/claims/1-part/01-one\.toml:1: .*no entry 'able1950' in refs\.bib"),
    "source that the finding does not cite": (CLAIMS, '{key = "abel1950"', '{key = "twin2001one"', r"data/claims/1-part/01-one\.toml:1: .*'twin2001one' is not cited in the finding but among the sources: make the two agree"),
    "verdict off the scale": (CLAIMS, '"disputed"', '"debunked"', r"data/claims/1-part/01-one\.toml:1: .*'debunked' is not on the scale: use one of"),
    "disputed by one side": (CLAIMS, 'bearing = "disputes"', 'bearing = "background"', r"01-one\.toml:1: .*name both sides"),
    "finding that cites nothing": (CLAIMS, "{cite:t}`", "`", r"01-one\.toml:1: .*finding cites nothing: cite"),
    "finding too short": (CLAIMS, ", who looked\nat the same figures again and came to think that they say less than was thought", "", r"01-one\.toml:1: .*fewer than 25 words"),
    "claim not marked in its chapter": (CHAPTER, " {claim}`one-01`", "", r"01-one\.toml:1: .*not marked in 1-part/01-one\.md: put"),
    "mark of an unknown claim": (CHAPTER, "{claim}`one-01`", "{claim}`one-01` {claim}`one-02`", r"01-one\.md:4: .*no claim 'one-02' in data/claims"),
    "count of claims that nobody keeps": (CHAPTER, "{claim}`one-01`", "{claim}`one-01` {claim-count}`pillar/right`", r"01-one\.md:4: .*no claims are counted as 'pillar/right': write pillar"),
    "broken TOML": (CLAIMS, 'weight = "pillar"', "weight = pillar", r"data/claims/1-part/01-one\.toml:\d+: .*cannot be read"),
    "unregistered quotation": (CHAPTER, "Two works in", "He said “one two three four five six seven eight nine ten eleven twelve” there. Two works in", r"01-one\.md:7: .*quotation of 12 words is not in data/quotations\.toml: register"),
    "number's column misspelt": (CHAPTER, "special_settlers_labour_settlers`", "special_setlers`", r"01-one\.md:4: .*no column 'special_setlers' in kulak_exile_stock\.csv; it has date, special_settlers_labour_settlers"),
    "number's row missing": (CHAPTER, "stock/1932-12-31", "stock/1931-12-31", r"01-one\.md:4: .*no row '1931-12-31' in kulak_exile_stock\.csv"),
    "number's series unknown": (CHAPTER, "kulak_exile_stock/", "kulak/", r"01-one\.md:4: .*no series 'kulak' in data/datapackage\.json"),
    "table's bytes changed": (SERIES, "1072546", "1072547", r"data/series/kulak_exile_stock\.csv:1: .*bytes are not those.*make hashes"),
    "table's cell broken": (SERIES, "1072546", "many", r"data/series/kulak_exile_stock\.csv:3: .*mend the row"),
    "correction that the table no longer bears out": (PACKAGE, '"corrections": []', '"corrections": [{"row": "1933-12-31", "column": "special_settlers_labour_settlers", "was": "2", "now": "1,072,547", "reason": "a misprint"}]', r"kulak_exile_stock\.csv:1: .*correction of 1933-12-31.*expects '1,072,547' and the table has '1,072,546': mend the table"),
    "chart's column renamed in the table": (SERIES, "special_settlers_labour_settlers", "settlers", r"kulak_exile_stock\.csv:1: .*Label .settlers. .*mend"),
    "chart without alternative text": (CHAPTER, ":alt: Bars that fall.\n", "", r"01-one\.md:13: .*no :alt: say in words"),
    "chart that does not exist": (CHAPTER, "{chart} peasant-exile", "{chart} peasants", r"01-one\.md:13: .*no chart 'peasants' in extensions/data/charts\.py"),
    "event without a citation": (TIMES, "happened {cite:p}`zed1999`", "happened", r"back\.md:\d+: .*data/timeline\.csv:2: the event cites nothing, or is cut short: add"),
    "event's theme off the list": (TIMES, "terror", "horror", r"data/timeline\.csv:2: no theme 'horror': use one of revolution"),
    "event cut at a comma": (TIMES, '"Another thing, later {cite:p}`abel1950`.",', "Another thing {cite:p}`abel1950{chapter 1, on that}`.", r"data/timeline\.csv:3: the event cites nothing, or is cut short"),
    "strip without a part": (TIMES, "1: Something", "Something", r"data/timeline\.csv:2: strip 'Something': write the number of a part"),
    "event out of order": (TIMES, "May 1938", "May 1936", r"data/timeline\.csv:3: May 1936 comes too late: put events in the order of time"),
    "event without a year": (TIMES, "May 1938", "May", r"data/timeline\.csv:3: the date 'May' names no year: give one"),
    "event with a comma too many": (TIMES, '"Another thing, later {cite:p}`abel1950`."', "Another thing, later {cite:p}`abel1950`.", r"data/timeline\.csv:3: not 6 columns: put an event with commas between double quotes"),
    "strip of a part without events": (CHAPTER, "Two works in", ":::{timeline}\n:part: 2\n:::\n\nTwo works in", r"01-one\.md:7: .*no event has part 2 in its column strip"),
    "person without a citation": ("data/people.toml", "Statistician {cite:p}`zed1999`", "Statistician", r"back\.md:\d+: .*data/people\.toml: abel: cites nothing: add"),
    "person with an unknown field": ("data/people.toml", "dates =", "date =", r"data/people\.toml: zed: has name, date, .*give name, who and chapters"),
    "person of a chapter that is not": ("data/people.toml", 'chapters = ["one"]', 'chapters = ["won"]', r"data/people\.toml: abel: no chapter begins with the label 'won'; there are one"),
    "person whom the chapter never names": (CHAPTER, "Ann Abel", "Ann Cable", r"data/people\.toml:1: .*abel: chapter 'one' never names Abel, Ann: take it out of chapters"),
    "people out of order": ("data/people.toml", "Abel, Ann", "Zola, Ann", r"data/people\.toml: zed: .*comes too late: put names in the order"),
    "people that cannot be read": ("data/people.toml", 'name = "Abel', 'name = "Ab"el', r"data/people\.toml: cannot be read"),
    "straight quotation mark": (CHAPTER, "Plain words", "Plain \"words\"", r"01-one\.md:4: .*style, quotation marks: type the mark as it should print"),
    "hyphen in a range": (CHAPTER, "Plain words", "Plain words of 1932-34", r"01-one\.md:4: .*style, ranges: an en dash"),
    "long dash": (CHAPTER, "Plain words", "Plain\u2014words", r"01-one\.md:4: .*style, dashes: an aside"),
    "two spaces": (CHAPTER, "Plain words", "Plain  words", r"01-one\.md:4: .*style, spaces: one"),
    "three points": (CHAPTER, "Plain words", "Plain words...", r"01-one\.md:4: .*style, points: type one"),
    "sign for per cent": (CHAPTER, "Plain words", "Plain 3% words", r"01-one\.md:4: .*style, per cent: write"),
    "heading with a point": (CHAPTER, "# One", "# One.", r"01-one\.md:2: .*style, headings: a heading has no point"),
    "stock phrase": (CHAPTER, "Plain words", "A testament to plain words", r"01-one\.md:4: .*style, stock phrases: say it"),
    "second spelling of a name": (CHAPTER, "Plain words", "Ezhov’s words", r"01-one\.md:4: .*style, spelling: Ezhov is Yezhov here"),
    "style of a finding": (CLAIMS, "who looked", "who - it seems - looked", r"data/claims/1-part/01-one\.toml:1: .*style, dashes: an aside"),
    "style of an event": (TIMES, "Something happened", "Something happened 1932-34", r"data/timeline\.csv:2: .*style, ranges"),
    "audit without results": ("audits/01-one.csv", ",result", ",found", r"back\.md:\d+: .*audits/01-one\.csv:1: has no column result: add"),
    "fence never closed": (CHAPTER, "Two works in", ":::{container} standfirst\n\nTwo works in", r"01-one\.md:7: .*:::\{container\} is never closed: put :::"),
    "file to include that is missing": (CHAPTER, "Two works in", "```{include} nothing.md\n```\n\nTwo works in", r"01-one\.md:7: .*include.*file not found: '.*nothing\.md'"),
    "file that includes itself": (CHAPTER, "Two works in", "```{include} 01-one.md\n```\n\nTwo works in", r"01-one\.md:7: .*includes 01-one\.md, which includes this file again: take one"),
    "citation in a caption": (CHAPTER, "Two works in", ":::{table} Works, by {cite:t}`abel1950`\n\n| A |\n| --- |\n| b |\n:::\n\nTwo works in", r"01-one\.md:7: .*citation in a caption: put it into :source:"),
    "citation in a table's head": (CHAPTER, "Two works in", "| A {cite:t}`abel1950` |\n| --- |\n| b |\n\nTwo works in", r"01-one\.md:7: .*link in a table's head.*put it into a row"),
    "picture that is none": ("book/picture.png", None, "nonsense", r"constructs\.md:\d+: .*picture\.png cannot be read as a picture: save it"),
    "setting left out": ("conf.py", '"author": ', '"writer": ', r"conf\.py:1: .*`book` lacks author: every format prints it"),
    "setting that is no Python": ("conf.py", "book = {", "book = {{", r"syntax error in your configuration file.*conf\.py, line \d+"),
    "label doubled": ("book/back.md", "(back)=\n", "(back)=\n(one)=\n", r"back\.md:\d*.*duplicate label one"),
    "role that authors may not use": (CHAPTER, "*stressed*", "{kbd}`x`", r"01-one\.md:4: .*role \{kbd\} is not one that authors may use"),
    "raw HTML": (CHAPTER, "*stressed*", "<b>x</b>", r"01-one\.md:\d+: .*<raw> is not a construct"),
    "unknown reference": (CHAPTER, "{ref}`back`", "{ref}`front`", r"01-one\.md:4: .*undefined label: 'front'"),
    "unreadable text": (CHAPTER, "Plain words", "\udcff", r"01-one\.md:4: .*not UTF-8 text: save"),
}  # fmt: skip


def test_tiny_builds(tiny):
    """Without a fault the tiny project is clean, so a fault is all that can stop it."""
    done = tiny.build()
    assert done.returncode == 0, done.stderr


def test_examples_of_entries_are_sound(tiny):
    """The claim and the quotation that CONTRIBUTING.md shows are taken as they stand."""
    claim, quotation = re.findall(r"```toml\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.DOTALL)
    (tiny.root / CLAIMS).write_text(claim, "utf-8")
    (tiny.root / QUOTES).write_text(quotation, "utf-8")
    done = tiny.build()
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", FAULTS)
def test_fault_stops_the_build(tiny, name):
    file, old, new, message = FAULTS[name]
    if new == "\udcff":
        path = tiny.root / file
        path.write_bytes(path.read_bytes().replace(old.encode(), b"\xff\xfe"))
    elif old is None:
        (tiny.root / file).write_text(new, "utf-8")
    else:
        tiny.edit(file, old, new)
    done = tiny.build()
    assert done.returncode != 0
    assert re.search(message, done.stderr), done.stderr
    assert "Traceback" not in done.stderr or (file == "conf.py" and "{{" in new), done.stderr  # what Sphinx says before any extension is loaded


def small_disk():
    """As if the disk were full: no file may grow beyond 20 KB."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def no_network():
    def refuse(*_):
        raise OSError("no network")

    socket.socket.connect = socket.getaddrinfo = refuse


SURROUNDINGS = {  # name: (how the build runs, what it must say, nothing where it must succeed)
    "full disk": ({"builder": "pdf", "before": small_disk}, r"File too large: free some space; what was published"),
    "font that is gone": (
        {"builder": "pdf", "python": "import extensions.pdf as p; from pathlib import Path; p.FONTS = [Path('/gone/Font.otf')]"},
        r"/gone/Font\.otf: No such file or directory: put the file back",
    ),
    "path with spaces and other letters": ({"builder": "pdf", "folder": "päth with späces"}, ""),
    "no network": ({"builder": "epub", "python": "import test_faults; test_faults.no_network()"}, ""),
    "another locale": ({"builder": "html", "LC_ALL": "C", "LANG": "ru_RU.KOI8-R", "PYTHONUTF8": "0", "TZ": "Asia/Almaty"}, ""),
}


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_surroundings(tiny, name, tmp_path):
    how, message = SURROUNDINGS[name][0].copy(), SURROUNDINGS[name][1]
    root = tiny.root.rename(tmp_path / how.pop("folder", "project"))
    arguments = ["-b", how.pop("builder"), "-c", str(root), "-W", "-n", "-q", str(root / "book"), str(root / "out")]
    python = how.pop("python", "pass")
    code = f"{python}; import sys; from sphinx.cmd.build import main; sys.exit(main({arguments!r}))"
    before = how.pop("before", None)
    env = os.environ | {"PYTHONWARNINGS": "", "NO_COLOR": "1", "PYTHONPATH": os.pathsep.join(sys.path)} | how
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, preexec_fn=before)
    assert (done.returncode != 0) == bool(message), done.stderr
    assert re.search(message, done.stderr) and "Traceback" not in done.stderr, done.stderr


@pytest.mark.parametrize("builder", ["html", "epub", "pdf"])
def test_stale_cache(tiny, builder):
    """After a change in any file that pages depend on, a build that goes on from the last one says what a new one says."""
    assert tiny.build(builder).returncode == 0
    before = written(tiny.out / builder)
    tiny.edit(CLAIMS, '"disputed"', '"a judgement"')
    tiny.edit("data/people.toml", "Statistician", "Demographer")
    tiny.edit(TIMES, "Something happened", "Something else happened")
    tiny.edit(CHAPTER, "{term}`troika`", "troika")
    tiny.edit(QUOTES, "agrees = ", 'note = "Seen twice."\nagrees = ')
    assert tiny.build(builder, fresh=False).returncode == 0
    went_on = written(tiny.out / builder)
    assert tiny.build(builder).returncode == 0
    assert before != went_on == written(tiny.out / builder)


def written(folder):
    """What a reader gets: the site's pages and scripts, the ePub, the PDF."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.suffix in {".html", ".js", ".epub", ".pdf"}}

"""`make bench`: what building costs, in one run, side by side. Prints a table; nothing here fails, the bars are for people to read.

Each build runs in a process of its own on a copy of the project, charts already drawn, so that all have the same work to do. Times are wall
clock in seconds, memory is the largest of the process in MB.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import lines
import pypandoc
import pypdfium2
from lxml import etree, html

from extensions.data import Series, charts

ROOT = Path(__file__).parents[1]
NAME = "in-stalinisms-shadow"


def project(folder: Path, times: int = 1) -> Path:
    """A copy of the project's own files in `folder`, its chapters `times` over, each copy with labels of its own."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, files):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    if (ROOT / "build/charts").exists():
        shutil.copytree(ROOT / "build/charts", folder / "build/charts", dirs_exist_ok=True)
    (folder / "EDITION").write_text("bench 1700000000", "utf-8")
    contents = folder / "book/index.md"
    for chapter in sorted(folder.glob("book/*/[0-9][0-9]-*.md")):
        name, text = chapter.relative_to(folder / "book").with_suffix("").as_posix(), chapter.read_text("utf-8")
        labels = re.findall(r"^\(([\w-]+)\)=$", text, re.MULTILINE)
        added = []
        for copy in range(1, times):
            number, slug = chapter.stem.split("-", 1)
            again = chapter.with_name(f"{int(number) + 20 * copy}-{slug}-{copy}.md")
            changed = text
            for label in labels:
                changed = re.sub(rf"\b{re.escape(label)}\b", f"{label}-{copy}", changed)
            again.write_text(changed, "utf-8")
            added.append(again.relative_to(folder / "book").with_suffix("").as_posix())
        contents.write_text(contents.read_text("utf-8").replace(f"\n{name}\n", "\n" + "\n".join([name, *added]) + "\n"), "utf-8")
    return folder


def build(root: Path, builder: str, *options: str) -> tuple[float, float]:
    """Seconds and MB of one build of `root` into its build/`builder`, with doctrees of its own as `make book` has them."""
    command = [sys.executable, "-m", "sphinx", "-c", ".", "-d", f"build/doctrees/{builder}", "-j", "auto", "-q", "-b", builder, *options, "book", f"build/{builder}"]
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ | {"PYTHONHASHSEED": "0"})
    errors = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        sys.exit(f"{builder} failed in {root}:\n{errors}")
    return seconds, usage.ru_maxrss / 1024


def row(what: str, *cells: str):
    print(f"{what:<44}" + "".join(f"{cell:>18}" for cell in cells), flush=True)


def pdf(folder: Path):
    """The PDF against the HTML, after an edit, and four times as long."""
    root = project(folder / "one")
    html, _ = build(root, "html", "-E")
    full, memory = build(root, "pdf")
    chapter = next(iter(sorted(root.glob("book/*/[0-9][0-9]-*.md"))))
    chapter.write_text(chapter.read_text("utf-8").replace(". ", ". So. ", 1), "utf-8")
    edited, _ = build(root, "pdf")
    long = project(folder / "four", 4)
    times, grown = build(long, "pdf")
    chapters = len(list(root.glob("book/*/[0-9][0-9]-*.md")))
    pages = [len(pypdfium2.PdfDocument(where / f"build/pdf/{NAME}.pdf")) for where in (root, long)]
    row("PDF", "seconds", "bar", "MB")
    row(f"  full, {pages[0]} pages", f"{full:.1f}", f"{2 * html + 5:.1f}", f"{memory:.0f}")
    row("  one chapter edited", f"{edited:.1f}", f"{0.7 * (2 * html + 5):.1f}")
    row(f"  chapters four times over, {pages[1]} pages", f"{times:.1f}", "", f"{grown:.0f}")
    row("  a chapter, once and four times over", f"{full / chapters:.1f}", f"{1.25 * full / chapters:.1f}", f"{times / chapters / 4:.1f}")
    row("  (HTML of the same, full)", f"{html:.1f}", "", f"{chapters} chapters")
    stretched = lines.justified(blocks := lines.lines(list(lines.characters(root / f"build/pdf/{NAME}.pdf"))))
    loose, divided = sum(line.looseness > 0.40 for line in stretched), sum(line.text.rstrip()[-1] in "-\u00ad\ufffe\x02" for line in stretched)
    row("  loose lines, per cent", f"{100 * loose / len(stretched):.2f}", "0.50")
    row("  divided lines, per cent", f"{100 * divided / len(stretched):.1f}")
    row("  over the edge; alone at head or foot", f"{len(lines.overfull(blocks))}; {len(lines.stranded(blocks))}", "0; 0")


STOCK = """
project = "The same text"
extensions, html_theme = ["myst_parser"], "sphinx_book_theme"
"""


def resolved(site: Path, folder: Path):
    """Every page of the built site as plain Markdown in `folder`: what roles and directives say, the register and the sources too, for others to build."""
    for page in sorted(site.rglob("*.html")):
        if page.name not in {"search.html", "404.html"} and (article := html.parse(page).find(".//article")) is not None:
            markup = etree.tostring(article, encoding="unicode", method="html")
            text = subprocess.run([pypandoc.get_pandoc_path(), "--from", "html", "--to", "gfm-raw_html"], input=markup, capture_output=True, text=True, check=True).stdout
            target = (folder / page.relative_to(site)).with_suffix(".md")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
    shutil.copytree(site / "_images", folder / "_images")
    names = [page.relative_to(folder).as_posix() for page in sorted(folder.rglob("*.md"))]
    (folder / "index.md").write_text("# The same text\n\n```{toctree}\n" + "\n".join(names) + "\n```\n", "utf-8")


def pandoc(pages: Path, out: Path) -> float:
    """Seconds that Pandoc takes for chunked HTML of the Markdown files below `pages`."""
    text = "\n\n".join(page.read_text("utf-8") for page in sorted(pages.rglob("*.md")))
    command = [pypandoc.get_pandoc_path(), "--standalone", "--toc", "--from", "gfm", "--to", "chunkedhtml", "--split-level", "1", "--resource-path", pages, "--output", out]
    start = time.perf_counter()
    subprocess.run(command, input=text, text=True, check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def growth(folder: Path):
    """The site and the ePub once, four and sixteen times as long: seconds a chapter, and memory. The bar is a quarter more a chapter."""
    row("Growth", "once", "four times", "sixteen times", "bar")
    chapters = len(list(ROOT.glob("book/*/[0-9][0-9]-*.md")))
    for builder in ("html", "epub"):
        runs = {times: build(project(folder / f"{builder}{times}", times), builder) for times in (1, 4, 16)}
        each = [seconds / chapters / times for times, (seconds, _) in runs.items()]
        row(f"  {builder}, seconds a chapter", *(f"{value:.2f}" for value in each), f"{1.25 * each[0]:.2f}")
        row(f"  {builder}, MB", *(f"{memory:.0f}" for _, memory in runs.values()))


def formats(folder: Path):
    """All three formats one after the other as `make book` builds them, and the site and the ePub after an edit of one chapter."""
    root = project(folder / "formats")
    html, *others = (build(root, builder)[0] for builder in ("html", "epub", "pdf"))
    row("All three formats", "seconds", "bar")
    row("  full", f"{html + sum(others):.1f}", f"{4 * html + 10:.1f}")
    chapter = next(iter(sorted(root.glob("book/*/[0-9][0-9]-*.md"))))
    chapter.write_text(chapter.read_text("utf-8").replace(". ", ". So. ", 1), "utf-8")
    for builder, full in (("html", html), ("epub", others[0])):
        row(f"  {builder}, one chapter edited", f"{build(root, builder)[0]:.1f}", f"{0.6 * full:.1f}")


def web(folder: Path):
    """The heaviest chapter's page and the time to build, beside the theme as it comes and Pandoc, both given the same text as plain Markdown."""
    root, stock = project(folder / "web"), folder / "stock"
    seconds, _ = build(root, "html", "-E")
    resolved(root / "build/html", stock / "book")
    (stock / "conf.py").write_text(STOCK, "utf-8")
    sites = {"ours": (root / "build/html", seconds, ""), "sphinx-book-theme": (stock / "build/html", build(stock, "html", "-E")[0], "loose")}
    pandocs = pandoc(stock / "book", folder / "pandoc")
    chapter = max((root / "build/html").glob("*/[0-9][0-9]-*.html"), key=lambda path: path.stat().st_size).relative_to(root / "build/html").as_posix()
    seen = {
        name: json.loads(subprocess.run(["node", ROOT / "tests/browser/lighthouse.mjs", site, chapter, policy], capture_output=True, check=True).stdout)
        for name, (site, _, policy) in sites.items()
    }
    row(f"HTML: {chapter}", *sites)
    row("  sent, KB", *(f"{run['weight']:.0f}" for run in seen.values()))
    row("  requests", *(str(run["requests"]) for run in seen.values()))
    row("  largest paint, seconds", *(f"{run['lcp']:.2f}" for run in seen.values()))
    row("  Lighthouse, worst of four", *(str(min(run["scores"].values())) for run in seen.values()))
    row("  whole build, seconds", *(f"{seconds:.1f}" for _, seconds, _ in sites.values()))
    row("  bars: 1.4 times the theme's, 3 times Pandoc's", f"{1.4 * sites['sphinx-book-theme'][1]:.1f}", f"{3 * pandocs:.1f}")


def drawing(folder: Path):
    """Every chart drawn from nothing, light and dark, which the other parts find in the cache."""
    series = {resource["name"]: Series(ROOT, resource) for resource in json.loads((ROOT / "data/datapackage.json").read_text("utf-8"))["resources"]}
    start = time.perf_counter()
    for name, chart in charts.CHARTS.items():
        charts.draw(name, [series[table] for table in chart.tables], folder / "charts")
    row(f"{len(charts.CHARTS)} charts drawn from nothing, seconds", f"{time.perf_counter() - start:.1f}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        for part in (drawing, formats, pdf, web, growth):
            part(Path(folder))


if __name__ == "__main__":
    main()

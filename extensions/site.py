"""The site as files: one style sheet, fonts, the card, names that change with what is in them, the site map, and stubs for addresses that moved.

All of it is made from the finished pages, in the order of `finish`.
"""

from __future__ import annotations

import csv
import hashlib
import html
import logging
import os
import re
import shutil
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer
from sphinx.util import logging as sphinx_logging
from sphinx.util.osutil import relative_uri

from .cover import CARD, draw

logger = sphinx_logging.getLogger(__name__)
THEME = Path(__file__).parents[1] / "theme"
# The site's faces: source, its axes pinned or narrowed, which characters of the book it needs, features kept.
FACES = {
    "serif": ("SourceSerif4Variable-Roman.ttf", {"wght": (400, 600), "opsz": 16}, "book", "kern liga locl onum pnum"),
    "cyrillic": ("SourceSerif4-Regular.otf", {}, "cyrillic", "kern locl"),
    "italic": ("SourceSerif4-It.otf", {}, "book", "kern liga locl onum pnum"),
    "display": ("SourceSerif4Display-Regular.otf", {}, "titles", "kern liga locl"),
}
STUB = """<!DOCTYPE html>
<html lang="{language}"><head><meta charset="utf-8"><title>Moved</title><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">
<link rel="canonical" href="{whole}"><meta http-equiv="refresh" content="0; url={target}"></head>
<body><main><h1>This page has moved</h1><p>It is now <a href="{target}">here</a>.</p></main></body></html>
"""


def purge(css: str, names: set[str]) -> str:
    """A minified style sheet without the rules that no page can match; `names` holds the tags, ".classes" and "#ids" in use."""
    out, at = [], 0
    while (brace := css.find("{", at)) >= 0:
        prelude, depth, end = css[at:brace].rpartition(";")[2].strip(), 1, brace
        while depth:
            end = min(x for x in (css.find("{", end + 1), css.find("}", end + 1)) if x >= 0)
            depth += 1 if css[end] == "{" else -1
        block, at = css[brace + 1 : end], end + 1
        if prelude.startswith(("@media", "@supports")):
            block = purge(block, names)
        elif not prelude.startswith("@"):
            prelude = ",".join(s for s in re.split(r",(?![^(]*\))", prelude) if parts_of(s) <= names)
        if prelude and block and not prelude.startswith(("@font-face", "@keyframes")):
            out.append(f"{prelude}{{{block}}}")
    return "".join(out)


def parts_of(selector: str) -> set[str]:
    """The tags, ".classes", "#ids" and "[attributes" that an element and its ancestors must have for a selector to match."""
    while selector != (selector := re.sub(r"\([^()]*\)", "", selector)):
        pass
    return set(re.findall(r"\[[\w-]+", selector)) | set(re.findall(r"[.#]?[a-zA-Z][\w-]*", re.sub(r"\[[^][]*\]|::?[\w-]+", " ", selector)))


def write_style(app, pages: list[str]):
    """One style sheet: what our pages use of the theme's, in a layer that any rule of book.css outranks."""
    text, scripts = "".join(pages), "".join(path.read_text("utf-8") for path in (THEME / "html/static").glob("*.js"))
    names = set(re.findall(r"<([a-z][a-z0-9]*)", text)) | {f".{name}" for name in re.findall(r"[\w-]+", scripts)}
    names |= {f".{name}" for value in set(re.findall(r'class="([^"]*)"', text)) for name in value.split()}
    names |= {f"#{name}" for name in re.findall(r' id="([\w-]+)"', text)} | {f"[{name}" for name in set(re.findall(r'\s([a-z][a-z-]*)="', text)) | {"hidden"}}
    sheets = [Path(app.outdir, f"_static/styles/{name}-theme.css").read_text("utf-8") for name in ("pydata-sphinx", "sphinx-book")]
    theme = purge(re.sub(r"/\*.*?\*/", "", "".join(sheets), flags=re.S), names - {".container"})  # docutils' containers are not Bootstrap's
    own = re.sub(r"/\*.*?\*/|(?<=[{};,])\s+|\s+(?=[{}])", "", (THEME / "html/book.css").read_text("utf-8"), flags=re.S)
    while theme != (theme := re.sub(r"(?<=[{;])(--[\w-]+):[^;{}]*(?:;|(?=\}))", lambda found: found[0] if f"var({found[1]}" in theme + own else "", theme)):
        pass  # a property that nothing reads may have been the only reader of another
    Path(app.outdir, "_static/book.css").write_text(f"@layer theme{{{theme}}}\n{own}", "utf-8")


def write_fonts(app, pages: list[str]):
    """The faces with the characters of the book and no others, in WOFF2; kept in build/fonts until source or characters change."""
    heads = re.findall(r"<h[1-4][^>]*>(.*?)</h[1-4]>", "".join(pages), re.S)
    titles = "".join(map(chr, range(32, 127))) + app.config.project + html.unescape(re.sub("<[^>]+>", "", "".join(heads)))
    titles += "".join(title for part in app.env.reading_contents for *_, title in part["pages"])
    book = html.unescape("".join(pages)) + titles + (THEME / "html/book.css").read_text("utf-8")
    wanted = {"book": re.sub("[\u0400-\u04ff]", "", book), "cyrillic": " " + "".join(re.findall("[\u0400-\u04ff]", book)), "titles": titles}
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    for name, (source, axes, kind, features) in FACES.items():
        characters = "".join(sorted(set(wanted[kind])))
        key = hashlib.sha256(f"{source}{axes}{features}{characters}".encode() + (THEME / "fonts" / source).read_bytes()).hexdigest()[:16]
        kept = Path(app.confdir, "build/fonts", f"{name}-{key}.woff2")
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            font = TTFont(THEME / "fonts" / source, recalcTimestamp=False)
            maker = subset.Subsetter(subset.Options(layout_features=features.split(), hinting=False, notdef_outline=True))
            maker.populate(text=characters)
            maker.subset(font)
            font = instancer.instantiateVariableFont(font, axes) if axes else font
            font.flavor = "woff2"
            font.save(new := kept.with_suffix(f".{os.getpid()}"))
            new.replace(kept)
        shutil.copyfile(kept, Path(app.outdir, "_static", f"{name}.woff2"))


def name_by_content(static: Path, pages: dict[Path, str]):
    """Gives each shared file a name that bears a hash of what is in it, in the pages too: whoever hosts the site may let browsers keep them for ever."""
    names = {}
    for path in sorted(static.iterdir(), key=lambda path: (path.suffix == ".css", path.name)):  # the style sheet after the fonts that it names
        data = path.read_bytes()
        for old, new in names.items() if path.suffix == ".css" else ():
            data = data.replace(f"url({old})".encode(), f"url({new})".encode())
        names[path.name] = f"{path.stem}-{hashlib.sha256(data).hexdigest()[:8]}{path.suffix}"
        path.unlink()
        (static / names[path.name]).write_bytes(data)
    hashed = {re.sub(r"(\.\w+)$", "", name): new for name, new in names.items()}
    pattern = re.compile(rf"_static/({'|'.join(map(re.escape, hashed))})(?:-[0-9a-f]{{8}})?\.\w+")
    for path, text in pages.items():
        if (changed := pattern.sub(lambda found: f"_static/{hashed[found[1]]}", text)) != text:
            path.write_text(changed, "utf-8")


def write_redirects(app):
    """A stub for each address that moved: ``data/redirects.csv`` with the columns old and new, page names without ``.html``."""
    path = Path(app.confdir, "data/redirects.csv")
    rows = csv.DictReader(path.read_text("utf-8").splitlines()) if path.exists() else []
    for number, row in enumerate(rows, 2):
        if row["new"].partition("#")[0] not in app.env.found_docs or row["old"] in app.env.found_docs:
            logger.warning(f"{row['old']} leads to {row['new']}: the old address must be no page and the new one must be", location=f"data/redirects.csv:{number}", type="site")
            continue
        page, _, anchor = row["new"].partition("#")
        target = relative_uri(f"{row['old']}.html", f"{page}.html") + (f"#{anchor}" if anchor else "")
        stub = Path(app.outdir, f"{row['old']}.html")
        stub.parent.mkdir(parents=True, exist_ok=True)
        stub.write_text(STUB.format(language=app.config.book["language"], target=html.escape(target), whole=html.escape(app.config.book["url"] + page + ".html")), "utf-8")


def write_sitemap(app):
    sitemap = '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    for doc in sorted(app.env.found_docs):
        address = html.escape(app.config.book["url"] + app.builder.get_target_uri(doc))
        sitemap += f"<url><loc>{address}</loc><lastmod>{app.config.book['date']}</lastmod></url>\n"
    Path(app.outdir, "sitemap.xml").write_text(sitemap + "</urlset>\n", "utf-8")


def finish(app, exception):
    """Makes what all pages share, and leaves of the theme's files none that no page loads."""
    if exception or app.builder.name != "html":
        return
    static = Path(app.outdir, "_static")
    pages = {path: path.read_text("utf-8") for path in sorted(Path(app.outdir).rglob("*.html")) if static not in path.parents}
    write_style(app, list(pages.values()))
    write_fonts(app, list(pages.values()))
    (static / "card.png").write_bytes(draw(app.config.book, CARD))
    ours = {path.name for path in (THEME / "html/static").iterdir()} | {"book.css", "card.png", *(f"{face}.woff2" for face in FACES)}
    for path in static.iterdir():
        if path.name not in ours:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    name_by_content(static, pages)
    write_redirects(app)
    write_sitemap(app)
    shutil.rmtree(Path(app.outdir, "_sources"), ignore_errors=True)


def setup(app):
    app.connect("build-finished", finish, priority=800)  # after the index of the search
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

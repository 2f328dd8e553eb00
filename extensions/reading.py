"""The site: what sphinx-book-theme writes, made light, findable and readable by everyone.

Each page is mended and described as it is written (`html-page-context`). What all pages share is made by extensions/site.py at the end.
Templates, styles and scripts are in theme/html.
"""

from __future__ import annotations

import json
import re
import shutil
import unicodedata
import zlib
from collections import defaultdict
from pathlib import Path
from urllib.parse import quote, urlencode, urlparse

import imagesize
import lxml.html
from docutils import nodes
from lxml import etree

from .cover import curve
from .shared import index_entries, let_break, parts

THEME = Path(__file__).parents[1] / "theme"
FOLD = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i"})


def contents(env) -> list[dict]:
    """The book's parts in order: each a `caption` and its `pages`, a page being (docname, chapter number or "", title)."""
    numbers = {doc: next(iter(numbered.values()), ()) for doc, numbered in env.toc_secnumbers.items()}
    return [{"caption": caption, "pages": [(doc, "".join(map(str, numbers.get(doc, ())[:1])), env.titles[doc].astext()) for doc in docs]} for caption, docs in parts(env)]


def note_contents(app, env):
    """Keeps the contents in the environment; when they have changed, every page is written anew, since each shows them."""
    known, env.reading_contents = getattr(env, "reading_contents", None), contents(env)
    return [] if env.reading_contents == known else list(env.found_docs)


def use_theme(app, config):
    """Puts our templates before the theme's, and our static files beside its own."""
    config.templates_path = [str(THEME / "html"), *config.templates_path]
    config.html_static_path = [*config.html_static_path, str(THEME / "html/static")]
    config.html_favicon = str(THEME / "html/static/favicon.svg")
    config.html_secnumber_suffix = " "


def own_pages(app):
    """The pages that have no source: the search, and the one for addresses that lead nowhere."""
    return [("search", {"title": "Search"}, "search.html"), ("404", {"title": "Page not found"}, "404.html")]


def read_page(app, pagename, templatename, context, doctree):
    """Gives the template what it shows, mends the body, and writes the page's texts for the search and the previews."""
    book, contained, root = app.config.book, app.env.reading_contents, app.config.root_doc
    pages = {doc: (number, title) for part in contained for doc, number, title in part["pages"]}
    body = lxml.html.fragment_fromstring(context.get("body") or "", create_parent="div")
    if doctree:
        mend(app, body, doctree)
        if pagename == root:  # the landing page has its own head
            body.xpath(".//h1")[0].drop_tree()
        written = (body.text or "") + "".join(lxml.html.tostring(child, encoding="unicode") for child in body)
        context["body"] = re.sub("</(source|wbr)>", "", written)  # lxml does not know that they are void
        write_texts(app.outdir, pagename, texts(body))
    if pagename == "genindex":
        context["genindexentries"] = index_entries(app.builder)
    if pagename == "404":  # it is shown at any address, so its own links count from the root
        base = urlparse(book["url"]).path
        context["pathto"] = lambda uri, resource=False: base + (uri if resource else app.builder.get_target_uri(uri))
    url = book["url"] + app.builder.get_target_uri(pagename)
    context |= {"book": book, "language": book["language"], "url": url, "parts": contained, "report": report(book, pagename, url)}
    context |= {
        "description": description(body, book),
        "downloads": app.config.reading_downloads,
        "name": pages[pagename][1] if pagename in pages else context.get("title", ""),  # without the chapter's number
        "minutes": max(1, round(len(body.text_content().split()) / 230)),
        "number": pages.get(pagename, ("", ""))[0],
        "part": next((part["caption"] for part in contained for doc, *_ in part["pages"] if doc == pagename), ""),
        "place": lambda link: next(filter(None, pages.get(link.partition(".html")[0], (link,)))),
        "sections": [(heading.getparent().get("id"), plain(heading)) for heading in body.iter("h2")],
    }
    if pagename != root:
        return None
    first = next(iter(pages))
    first_chapter = next((doc for doc, (number, _) in pages.items() if number), first)
    questions = {doc: app.env.metadata[doc]["standfirst"] for doc in pages}
    context |= {"questions": questions, "first_page": first, "first_chapter": first_chapter, "bars": curve(Path(app.confdir))}
    return "landing.html"


def report(book, pagename: str, url: str) -> str:
    """The address at which a reader reports an error, with page and edition filled in; the fields are those of .github/ISSUE_TEMPLATE/error-of-fact.yml."""
    fields = {"template": "error-of-fact.yml", "title": f"Error: {pagename}", "page": url, "edition": f"{book['version']} ({book['commit']}, {book['date']})"}
    return f"{book['repository']}issues/new?{urlencode(fields)}"


def description(body, book) -> str:
    """The standfirst or first paragraph, cut at a word before the 160th character; the book's own description where there is none."""
    first = next((plain(p) for p in body.iter("p") if len(plain(p)) > 60 or p.getparent().get("class", "").startswith("standfirst")), book["description"])
    return first if len(first) <= 160 else first[:160].rsplit(" ", 1)[0] + " …"


def plain(element) -> str:
    """An element's text without permalink and number, on one line."""
    return " ".join("".join(element.xpath(".//text()[not(ancestor::*[contains(@class, 'headerlink') or contains(@class, 'section-number')])]")).split())


def mend(app, body, doctree):
    """Mends what docutils and the theme get wrong for CSP, axe and Nu, and gives images their size and their dark twin."""
    etree.strip_attributes(body, "style")
    etree.strip_elements(body, "colgroup", with_tail=False)
    for name in body.xpath(".//span[contains(concat(' ', @class, ' '), ' claim-id ')]"):  # a claim's name is the link to it
        if holder := name.xpath("ancestor::*[@id][1]"):
            name.tag = "a"
            name.attrib.update({"class": "claim-id permalink", "href": f"#{holder[0].get('id')}"})
    for link in body.xpath(".//*[contains(@class, 'bib-entry')]//a[contains(@class, 'external')]"):
        let_break(link, "wbr")
    for image, node in zip(body.xpath(".//img"), doctree.findall(nodes.image), strict=True):
        width, height = (node.get(side, "").removesuffix("px") for side in ("width", "height"))
        if not (width and height):
            width, height = map(str, imagesize.get(Path(app.srcdir, node["uri"])))
        image.attrib.update({"width": width, "height": height, "loading": "lazy", "decoding": "async"})
        if dark := node.get("dark"):
            copy = Path(app.outdir, app.builder.imagedir, Path(dark).name)
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(dark, copy)
            picture = image.makeelement("picture")
            image.getparent().replace(image, picture)
            srcset = f"{image.get('src').rpartition('/')[0]}/{quote(copy.name)}"
            picture.append(picture.makeelement("source", srcset=srcset, media="screen and (prefers-color-scheme: dark)"))
            picture.append(image)


def texts(body) -> list[tuple[str, str, str]]:
    """The page in pieces that can be linked to: (id, heading, text) of each section, claim, work, and term of the glossary."""
    pieces = []

    def walk(element, piece):
        kind = element.get("class", "").split()
        if not isinstance(element.tag, str) or {"headerlink", "cited-in", "claim-head", "claim-sources"} & set(kind):
            return piece
        id, start = element.get("id"), piece
        if id and (element.tag in {"section", "dt"} or {"claim", "bib-entry"} & set(kind)):
            pieces.append(piece := [id, "", []])
        if element.tag in {"h1", "h2", "h3", "h4"} or (element.tag == "dt" and id) or "claim-statement" in kind:
            piece[1] = plain(element)
        else:
            piece[2].append(element.text or "")
            inner = piece
            for child in element:
                inner = walk(child, inner)
                inner[2].append(child.tail or "")
        return piece if element.tag == "dt" else start

    walk(body, ["", "", []])
    return [(id, heading, " ".join("".join(text).split())) for id, heading, text in pieces]


def write_texts(outdir, pagename, pieces):
    """A page's pieces as a script, since a page opened as a file may load a script and nothing else."""
    path = Path(outdir, "_search", pagename + ".js")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"bookTexts({json.dumps(pagename)},{json.dumps(pieces, ensure_ascii=False, separators=(',', ':'))})\n", "utf-8")


def fold(text: str) -> str:
    """Small letters without accents, as search.js folds a query: Łódź and lodz meet."""
    return re.sub("[^\0-\x7f]+", lambda part: "".join(c for c in unicodedata.normalize("NFD", part[0]) if not unicodedata.combining(c)).translate(FOLD), text.lower())


def write_index(app):
    """One script: every page's name, number, title and the packed size of its texts in KB, and for each word the pages that hold it."""
    words, docs = defaultdict(list), []
    for doc, number, title in (page for part in app.env.reading_contents for page in part["pages"]):
        script = Path(app.outdir, "_search", doc + ".js").read_text("utf-8")
        text = script.partition(",")[2]
        pieces = json.loads(text[: text.rindex(")")])
        for word in sorted(set(re.findall(r"[^\W_]+", fold(" ".join(f"{heading} {text}" for _, heading, text in pieces))))):
            words[word].append(len(docs))
        docs.append((doc, number, title, round(len(zlib.compress(script.encode())) / 1024)))
    index = "\n".join(f"{word} {' '.join(map(str, where))}" for word, where in sorted(words.items()))
    Path(app.outdir, "_search/index.js").write_text(f"bookIndex({json.dumps(docs, ensure_ascii=False)},{json.dumps(index, ensure_ascii=False)})\n", "utf-8")


def connect(app):
    """Joins a build of the site, and no other: the ePub's builder is made from the same parts."""
    if app.builder.name == "html":
        app.builder.search = False  # Sphinx's own: ours needs no index of stems, and loads nothing on the pages of the book
        app.connect("env-get-updated", note_contents, priority=950)  # after the numbers of the chapters
        app.connect("html-collect-pages", own_pages)
        app.connect("html-page-context", read_page, priority=800)  # after the theme
        app.connect("build-finished", lambda app, exception: exception or write_index(app), priority=700)


def setup(app):
    app.add_config_value("reading_downloads", [], "html", list)
    app.connect("config-inited", use_theme)
    app.connect("builder-inited", connect)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}

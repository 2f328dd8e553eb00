"""The ePub: Sphinx writes the pages' bodies, one pass makes them good XHTML, and a packer of ours zips them the same way every time.

The pages are small files in the build folder, so that an edited chapter is written alone; everything that depends on the whole (synthetic page
numbers, index, navigation, package) is made anew at packing.
"""

from __future__ import annotations

import re
import zipfile
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath

from docutils import nodes
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from lxml import etree
from sphinx.builders.epub3 import Epub3Builder
from sphinx.errors import SphinxError
from sphinx.util.osutil import relative_uri

from .cover import PORTRAIT, draw
from .shared import index_entries, let_break, parts

THEME = Path(__file__).parents[1] / "theme/epub"
XHTML, OPS = "http://www.w3.org/1999/xhtml", "http://www.idpf.org/2007/ops"
TYPE = f"{{{OPS}}}type"
PAGE_LENGTH = 1800  # characters on a synthetic page
MEDIA_TYPES = {".xhtml": "application/xhtml+xml", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png", ".ncx": "application/x-dtbncx+xml"}
SEMANTICS = {  # a document's name without its folder: (epub:type, role of its section)
    "preface": ("preface", "doc-preface"),
    "glossary": ("glossary", "doc-glossary"),
    **dict.fromkeys(("bibliography", "debate", "primary", "scholarship", "press"), ("bibliography", "doc-bibliography")),
}


def tag(name: str) -> str:
    return f"{{{XHTML}}}{name}"


def has_class(element, name: str) -> bool:
    return name in element.get("class", "").split()


class EpubBuilder(Epub3Builder):
    """Writes ``<outdir>/in-stalinisms-shadow.epub``: valid, accessible, and the same bytes from the same sources."""

    name = "epub"
    epilog = "The ePub is in %(outdir)s."

    def get_theme_config(self):
        return "basic", {}  # never shown: pages are made from theme/epub/page.xhtml

    def init(self):
        super().init()
        loader = FileSystemLoader(THEME)
        self.pages = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
        self.classes = set(re.findall(r"\.([a-z][\w-]*)", (THEME / "book.css").read_text("utf-8")))

    def add_visible_links(self, tree, show_urls="no"):
        """Addresses stay behind their links."""

    def handle_page(self, pagename, addctx, templatename="page.html", *, outfilename=None, event_arg=None):
        """Writes one document as XHTML that needs nothing more than its page breaks."""
        body = addctx["body"]
        try:
            root = etree.fromstring(f'<div xmlns="{XHTML}" xmlns:epub="{OPS}">{body}</div>'.encode())
        except etree.XMLSyntaxError as error:
            raise SphinxError(f"{self.env.doc2path(pagename)}: the XHTML of this page is ill-formed: {error}") from error
        Cleaner(self, pagename).clean(root)
        path = Path(self.outdir, f"{pagename}.xhtml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(etree.tostring(root, encoding="utf-8"))

    def finish(self):
        self.copy_image_files()
        Package(self).write(Path(self.outdir, f"{self.config.book['identifier']}.epub"))


class Cleaner:
    """The one pass over a page: notes, citations and terms in the markup that reading systems open in place; nothing the style does not use."""

    def __init__(self, builder: EpubBuilder, page: str):
        self.builder, self.page = builder, page

    def clean(self, root):
        for element in list(root.iter(tag("a"))):
            if has_class(element, "headerlink"):
                drop(element)
            else:
                self.link(element)
        for aside in list(root.iter(tag("aside"))):
            if has_class(aside, "footnote"):
                self.note(aside)
            else:
                aside.tag = tag("div")
                aside.attrib.clear()
                aside.set("class", "notes")
        for table in root.iter(tag("table")):
            self.table(table)
        for terms in root.iterfind(f".//{tag('dl')}[@class]"):
            if has_class(terms, "glossary"):
                self.glossary(terms)
        for element in root.iter(etree.Element):
            self.attributes(element)
        for section in root.iterfind(tag("section")):
            kind, role = SEMANTICS.get(PurePosixPath(self.page).name, ("chapter" if self.page[0].isdigit() else "appendix", ""))
            section.set(TYPE, kind)
            section.set("role", role or f"doc-{kind}")

    def link(self, a):
        if has_class(a, "footnote-reference"):
            number = "".join(a.itertext()).strip("[]")
            keep = {name: a.get(name) for name in ("href", "id")}
            tail = a.tail
            a.clear()
            a.attrib.update(keep)
            a.text, a.tail = number, tail
            a.set("class", "noteref")
            a.set(TYPE, "noteref")
            a.set("role", "doc-noteref")
        elif has_class(a, "cite"):
            a.set(TYPE, "biblioref")
            a.set("role", "doc-biblioref")
        elif has_class(a, "external"):
            let_break(a, tag("wbr"))
        elif a.find(f"{tag('span')}[@class]") is not None and "std-term" in a.find(tag("span")).get("class"):
            a.set("class", "term")
            a.set(TYPE, "glossref")
            a.set("role", "doc-glossref")

    def note(self, aside):
        """A plain number in front, an arrow back at the end; several places that share a note get an arrow each."""
        label = aside.find(f"{tag('span')}[@class='label']")
        number = "".join(label.itertext()).strip("[]")
        backs = [a.get("href") for a in aside.iter(tag("a")) if a.get("role") == "doc-backlink"]
        for part in (label, aside.find(f"{tag('span')}[@class='backrefs']")):
            if part is not None:
                drop(part)
        first, last = aside[0], aside[-1]
        first.text = f"{number}. {first.text or ''}"
        for back in backs:
            arrow = etree.SubElement(last, tag("a"), {"href": back, "role": "doc-backlink", "aria-label": f"Back to the place of note {number}"})
            arrow.text = "\N{UPWARDS ARROW}"
            previous = arrow.getprevious()
            if previous is None:
                last.text = (last.text or "") + " "
            else:
                previous.tail = (previous.tail or "") + " "
        aside.set(TYPE, "footnote")

    def glossary(self, terms):
        """Each term with its definition in one element that bears the id: what a link to it opens in place is both, not the term alone."""
        for term in list(terms.iterfind(tag("dt"))):
            dfn, both = etree.Element(tag("dfn")), etree.Element(tag("div"), {"id": term.attrib.pop("id")})
            dfn.text, term.text = term.text, None
            dfn.extend(list(term))
            term.append(dfn)
            definition = term.getnext()
            terms.replace(term, both)
            both.extend([term, definition])

    def table(self, table):
        heads = ["".join(th.itertext()).strip() for th in table.iterfind(f"{tag('thead')}/{tag('tr')}/{tag('th')}")]
        for th in table.iterfind(f"{tag('thead')}//{tag('th')}"):
            th.set("scope", "col")
        if len(heads) > 3:
            table.set("class", table.get("class", "") + " wide")
        for row in table.iterfind(f"{tag('tbody')}/{tag('tr')}"):
            for head, cell in zip(heads, row):
                if len(heads) > 3:
                    cell.set("data-label", head)
            for cell in row.iterfind(tag("th")):
                cell.set("scope", "row")
        for cell in table.iter(tag("td"), tag("th")):
            inner = list(cell)
            if len(inner) == 1 and inner[0].tag == tag("p"):  # weak engines overlap paragraphs in cells
                if kept := inner[0].get("class"):  # number, when
                    cell.set("class", kept)
                cell.text, paragraph = inner[0].text, inner[0]
                cell.remove(paragraph)
                cell.extend(list(paragraph))

    def attributes(self, element):
        element.attrib.pop("style", None)
        if element.get("role") in {"doc-biblioentry", "paragraph"}:
            del element.attrib["role"]
        if element.tag == tag("img"):
            for name in ("width", "height"):
                element.attrib.pop(name, None)
        if classes := [name for name in element.get("class", "").split() if name in self.builder.classes]:
            element.set("class", " ".join(classes))
        else:
            element.attrib.pop("class", None)
        if element.get("lang"):
            element.set("{http://www.w3.org/XML/1998/namespace}lang", element.get("lang"))


def drop(element):
    """Takes an element out and keeps the text behind it."""
    parent, previous = element.getparent(), element.getprevious()
    if element.tail:
        if previous is None:
            parent.text = (parent.text or "") + element.tail
        else:
            previous.tail = (previous.tail or "") + element.tail
    parent.remove(element)


class Package:
    """Everything that depends on the whole book: page breaks, index, navigation, metadata, and the zip."""

    def __init__(self, builder: EpubBuilder):
        self.builder, self.env, self.book = builder, builder.env, builder.config.book
        self.parts = parts(self.env)
        self.docs = [doc for _, docs in self.parts for doc in docs]
        self.trees = {doc: etree.fromstring(Path(builder.outdir, f"{doc}.xhtml").read_bytes()) for doc in self.docs}
        self.breaks, self.page_of = self._number_pages()

    def _number_pages(self):
        """Sets a page break every 1,800 characters at the start of a paragraph, and one a document. Returns them, and the page of every id."""
        breaks, page_of, length = [], {}, PAGE_LENGTH
        for doc, root in self.trees.items():
            length = PAGE_LENGTH
            for element in root.iter(etree.Element):
                if element.tag in (tag("section"), tag("p")) and length >= PAGE_LENGTH and not self._inside(element, "aside", "table", "figure", "a"):
                    number = len(breaks) + 1
                    mark = etree.Element(tag("span"), {"id": f"page-{number}", "role": "doc-pagebreak", TYPE: "pagebreak", "aria-label": f" Page {number}. "})
                    holder = element.find(f".//{tag('h1')}") if element.tag == tag("section") else element
                    holder = element if holder is None else holder
                    mark.tail, holder.text = holder.text, None
                    holder.insert(0, mark)
                    breaks.append((number, f"{doc}.xhtml#page-{number}"))
                    length = 0
                if element.get("id"):
                    page_of[f"{doc}.xhtml#{element.get('id')}"] = len(breaks)
                length += len(element.text or "") + len(element.tail or "")
        return breaks, page_of

    @staticmethod
    def _inside(element, *names) -> bool:
        return any(parent.tag in {tag(name) for name in names} for parent in element.iterancestors())

    def charts(self):
        """(address, text) of every chart, for the list of charts."""
        for doc, root in self.trees.items():
            for figure in root.iter(tag("figure")):
                caption = figure.find(f"{tag('figcaption')}/{tag('p')}")
                if figure.get("id") and caption is not None:
                    yield f"{doc}.xhtml#{figure.get('id')}", " ".join("".join(caption.itertext()).split())

    def contents(self):
        """The nested table of contents: (text, address or "", children)."""
        for caption, docs in self.parts:
            entries = [self._entry(doc) for doc in docs]
            if caption:
                yield caption, entries[0][1] if entries else "", entries
            else:
                yield from entries
        yield "Index", "genindex.xhtml", []

    def _entry(self, doc):
        chapter = self.env.toc_secnumbers.get(doc, {}).get("")
        title = self.env.titles[doc].astext()
        sections = [(link.astext(), f"{doc}.xhtml{link['anchorname']}", []) for link in self.env.tocs[doc].findall(nodes.reference) if link["anchorname"] and chapter]
        return f"{chapter[0]} {title}" if chapter else title, f"{doc}.xhtml", sections

    def index(self):
        """The index as (letter, entries), each entry with its pages and sub-entries."""
        for letter, entries in index_entries(self.builder):
            yield letter, [(term, self._locators(links), [(sub, self._locators(sublinks)) for sub, sublinks in subs]) for term, (links, subs, _) in entries]

    def _locators(self, links):
        found = {}
        for _, uri in links:
            uri = uri.removeprefix("./")
            if uri in self.page_of:
                found.setdefault(self.page_of[uri], uri)
        return sorted(found.items())

    def write(self, path: Path):
        render = self.builder.pages.get_template
        files: dict[str, bytes] = {"book.css": (THEME / "book.css").read_bytes(), "cover.png": draw(self.book, PORTRAIT)}
        common = {"book": self.book, "relative": relative_uri, "index": list(self.index())}
        for name in ("cover", "title", "genindex"):
            files[f"{name}.xhtml"] = render(f"{name}.xhtml").render(**common).encode()
        for doc, root in self.trees.items():
            body = re.sub(r"^<div[^>]*>|</div>$", "", etree.tostring(root, encoding="unicode").strip())
            page = render("page.xhtml").render(**common, name=doc, title=self.env.titles[doc].astext(), body=body)
            files[f"{doc}.xhtml"] = page.encode()
            for image in root.iter(tag("img")):
                name = PurePosixPath(image.get("src")).name
                files[f"_images/{name}"] = Path(self.builder.outdir, "_images", name).read_bytes()
        first = next((doc for doc in self.docs if self.env.toc_secnumbers.get(doc, {}).get("")), self.docs[0])
        landmarks = [("cover", "Cover", "cover.xhtml"), ("titlepage", "Title page", "title.xhtml"), ("toc", "Contents", "nav.xhtml")]
        landmarks += [("frontmatter", "Preface", f"{self.docs[0]}.xhtml"), ("bodymatter", "Start of the book", f"{first}.xhtml")]
        landmarks += [(kind, kind.capitalize(), f"{doc}.xhtml") for kind in ("glossary", "bibliography") for doc in self.docs if PurePosixPath(doc).name == kind]
        landmarks.append(("index", "Index", "genindex.xhtml"))
        navigation = common | {"toc": list(self.contents()), "breaks": self.breaks, "charts": list(self.charts()), "landmarks": landmarks}
        files["nav.xhtml"] = render("nav.xhtml").render(**navigation).encode()
        files["toc.ncx"] = render("toc.ncx").render(**navigation).encode()
        spine = ["cover.xhtml", "title.xhtml", "nav.xhtml", *(f"{doc}.xhtml" for doc in self.docs), "genindex.xhtml"]
        items = [(name, self._id(name), MEDIA_TYPES[PurePosixPath(name).suffix]) for name in sorted(files)]
        modified = datetime.fromtimestamp(self.book["epoch"], timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        files["package.opf"] = render("package.opf").render(**common, items=items, spine=[self._id(name) for name in spine], modified=modified).encode()
        self._zip(path, files)

    @staticmethod
    def _id(name: str) -> str:
        return "f-" + re.sub(r"[^\w-]", "-", name)

    def _zip(self, path: Path, files: dict[str, bytes]):
        """Fixed times, sorted names, no trace of the machine."""
        container = (THEME / "container.xml").read_bytes()
        with zipfile.ZipFile(path, "w") as out:
            entries = [("mimetype", b"application/epub+zip"), ("META-INF/container.xml", container)]
            for name, data in [*entries, *(("EPUB/" + name, files[name]) for name in sorted(files))]:
                info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                info.create_system, info.external_attr = 3, 0o644 << 16
                info.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
                out.writestr(info, data, compresslevel=9)


def setup(app):
    app.add_builder(EpubBuilder, override=True)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}

"""The PDF: a builder that writes the whole book as one Typst file and has Typst set it.

Sphinx decides order, numbers, references and index; this module turns resolved doctrees into calls of the functions of ``theme/pdf/book.typ``,
one line a block, text always as Typst string literals. How a page looks is decided there and nowhere here. What cannot be set stops the build
with file and line: an unknown node, a character that no font has, a link that leads nowhere, a picture without alternative text.
"""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections import Counter
from io import BytesIO
from pathlib import Path

import pikepdf
import typst
from docutils import nodes
from fontTools.ttLib import TTFont
from sphinx.builders import Builder
from sphinx.errors import SphinxError
from sphinx.util import logging
from sphinx.util.display import progress_message

from .shared import index_entries, parts

logger = logging.getLogger(__name__)
THEME = Path(__file__).parent.parent / "theme"
FONTS = sorted(file for file in THEME.glob("fonts/*.[ot]tf") if "Variable" not in file.name)  # variable ones are the site's
FLOATING = 34  # lines of the highest table that is kept on one page
CAPTION = re.compile(r"([IVXLC]+)\s*[·.:]\s*(.+)")  # of a toctree: "III · The system"


class PdfError(SphinxError):
    """The book cannot be set. The message says where (file:line), what, and what to do."""

    category = "PDF"

    def __init__(self, message: str, node: nodes.Node | None = None):
        super().__init__(f"{place(node)}: {message}" if node is not None else message)


def place(node: nodes.Node) -> str:
    """Where `node` was written, as file:line, from the nearest ancestor that knows."""
    source, line = "", None
    while node is not None:
        source, line = source or getattr(node, "source", "") or "", line or getattr(node, "line", None)
        node = node.parent
    return f"{source}:{line or 1}"


def literal(text: str) -> str:
    """`text` as a Typst string literal, which cannot be taken for markup; nothing for no text."""
    return text and '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def shares(rows: list[list[str]], line: int = 78) -> list[int]:
    """The widths of a table's columns in characters: the longest word each, and the rest of `line` by the root of how much each has to say.

    All 0, for columns as wide as their text, where every row fits on one line.

    >>> shares([["Year", "Steel"], ["1928", "4.3"]]), shares([["Date", "Law"], ["1932", "on theft " * 20]])
    ([0, 0], [16, 62])
    """
    columns = list(zip(*rows))
    if sum(max(map(len, column)) + 3 for column in columns) <= line:
        return [0] * len(columns)
    words = [max((len(word) for text in column for word in text.split()), default=1) for column in columns]
    roots = [(sum(map(len, column)) / len(column)) ** 0.5 for column in columns]
    return [word + max(0, round((line - sum(words)) * root / sum(roots))) for word, root in zip(words, roots)]


def leads_in(node: nodes.paragraph) -> bool:
    """Whether a paragraph is the label of the list behind it, and must not stay behind."""
    after = node.next_node(descend=False, siblings=True)
    return isinstance(after, (nodes.bullet_list, nodes.enumerated_list)) and (node.astext().endswith(":") or isinstance(node.children[-1], nodes.strong))


def lines_of(rows: list[list[str]]) -> int:
    """About how many lines a table takes."""
    widths = [width or 10_000 for width in shares(rows)]
    return sum(max(-(-len(text) // width) for text, width in zip(row, widths)) for row in rows)


def call(function: str, *arguments: str, **named: str | None) -> str:
    """A call of a Typst function; what is empty or None is left out."""
    named_arguments = [f"{name}: {value}" for name, value in named.items() if value]
    return f"{function}({', '.join([*named_arguments, *(argument for argument in arguments if argument)])})"


def value(data) -> str:
    """Plain data (text, numbers, lists, dictionaries) as a Typst value."""
    if isinstance(data, dict):
        return "(" + ", ".join(f"{key}: {value(item)}" for key, item in data.items()) + ")"
    if isinstance(data, (list, tuple)):
        return "(" + "".join(f"{value(item)}, " for item in data) + ")"
    return (literal(data) or '""') if isinstance(data, str) else str(data).lower()


class Anchors:
    """Every id of the book under one name for each place, and which of these places something points to."""

    def __init__(self, documents: dict[str, nodes.document]):
        self.names, self.wanted = {}, set()
        for name, document in documents.items():
            for node in document.findall(nodes.Element):
                for id in node.get("ids", ()):
                    self.names.setdefault(f"{name}#{id}", f"{name}#{node['ids'][0]}")
            top = next(document.findall(nodes.section), None)
            self.names[name] = f"{name}#{top['ids'][0]}" if top else name
        for name, document in documents.items():
            for node in document.findall(nodes.reference):
                if target := address(node, name):
                    self.wanted.add(self.name(target, node))

    def name(self, target: str, node: nodes.Node | None = None) -> str:
        """The name of the place that `target` (``document#id`` or ``document``) means. Raises PdfError for one that the book lacks."""
        if target not in self.names:
            raise PdfError(f"link to {target!r}, which the book does not hold: mend the target", node)
        return self.names[target]


def address(node: nodes.Element, document: str) -> str | None:
    """What an internal reference in `document` points to, as ``document#id``; None for an external one."""
    if node.get("refid"):
        return f"{document}#{node['refid']}"
    uri = node.get("refuri", "")
    return uri[1:] if uri.startswith("%") else None


class Writer:
    """Turns the nodes of one document into Typst. One method a node type, named as the node; each returns an expression or nothing.

    `level` is that of the document's own heading; `book` holds what the documents share.
    """

    WRAPPERS = {
        "emphasis": "italic", "strong": "bold", "superscript": "raised", "subscript": "lowered", "literal": "literal", "paragraph": "p",
        "term": "content", "attribution": "attribution", "legend": "legend", "download_reference": "literal", "compound": "content",
        "glossary": "content", "bullet_list": "bullets", "definition_list": "definitions", "transition": "ornament", "container": "content",
        "block_quote": "quotation", "inline": "content",
    }  # fmt: skip
    SKIPPED = {"comment", "index", "toctree", "chart_table", "timeline_filter", "footnote"}  # index and notes: where they are referred to
    # Classes that have a function of their own in the template; any other class changes nothing.
    STYLES = {
        "paragraph": ("claim-head", "claim-statement", "claim-sources", "claim-rest", "chart-source", "entry", "strip-head"),
        "container": ("standfirst", "bib-first", "bib-entry", "claim-list", "brief", "claim"),
        "block_quote": ("epigraph",),
        "inline": ("consulted", "bearing", "claim-id", "verdict"),
    }
    LINKS = {"cite": "cited", "number": "jump", "claim-mark": "claim-mark", "verdict": "verdict-mark", "std-term": "jump", "term": "jump"}

    def __init__(self, name: str, document: nodes.document, level: int, book: Book):
        self.name, self.document, self.level, self.book = name, document, level, book
        self.depth, self.plain, self.pending, self.open_brackets = 0, False, [], 0
        self.notes = {id: note for note in document.findall(nodes.footnote) for id in note["ids"]}
        self.uses = Counter(node["refid"] for node in document.findall(nodes.footnote_reference))
        self.noted = set()

    def lines(self) -> list[str]:
        """The document as Typst, a line a block. Raises PdfError for what cannot be set."""
        out = [line for node in self.document.children for line in self.blocks(node)]
        for id, note in self.notes.items():
            if not self.noted & set(note["ids"]):
                raise PdfError(f"nothing refers to the note {id!r}: refer to it, or delete it", note)
        return [*out, call("p", *self.anchors())] if self.pending else out

    def blocks(self, node: nodes.Node) -> list[str]:
        """The blocks of a section, one by one; any other block as it is."""
        if not isinstance(node, nodes.section):
            return [text] if (text := self.write(node)) else []
        self.depth += 1
        out = [line for child in node.children for line in self.blocks(child)]
        self.depth -= 1
        return out

    def write(self, node: nodes.Node) -> str:
        """One node as a Typst expression, empty when it prints nothing."""
        kind = type(node).__name__
        if kind in self.SKIPPED:
            return ""
        if method := getattr(self, f"write_{kind}", None):
            return method(node)
        if kind not in self.WRAPPERS:
            raise PdfError(f"<{kind}> is not something the PDF can set: use a construct of STYLE.md", node)
        return self.wrap(self.styled(node), node)

    def children(self, node: nodes.Element) -> list[str]:
        return [text for child in node.children if (text := self.write(child))]

    def run_in(self, children: list[nodes.Node]) -> list[str]:
        """What a note, list item or cell holds, its first paragraph without a block of its own."""
        self.open_brackets, first, rest = 0, [], children
        if children and isinstance(children[0], nodes.paragraph):
            first, rest = [*self.marks(children[0]), *self.children(children[0])], children[1:]
        return first + [text for node in rest if (text := self.write(node))]

    def wrap(self, function: str, node: nodes.Element, *first: str, **named) -> str:
        """A call of `function` with `first`, the anchors of `node` and all it holds."""
        if not self.in_text(node):
            self.open_brackets = 0
        return call(function, *first, *self.marks(node), *self.children(node), **named)

    def plainly(self, node: nodes.Element) -> str:
        """All that a heading or a caption holds, without anchors and links: the lists print it too."""
        self.plain = True
        text, self.plain = call("content", *self.children(node)), False
        return text

    def register(self, node: nodes.Element) -> str:
        """Claims the places of `node` that something points to; returns their name."""
        names = {self.book.anchors.names[f"{self.name}#{id}"] for id in node.get("ids", ())} & self.book.anchors.wanted
        names -= self.book.placed
        self.book.placed |= names
        return next(iter(names), "")

    def marks(self, node: nodes.Element) -> list[str]:
        """Anchors for `node` and for what stood before it: at once where text stands, kept until text comes where blocks stand."""
        if name := self.register(node):
            self.pending.append(name)
        text_here = self.in_text(node) or (isinstance(node, nodes.TextElement) and node.children)
        return self.anchors() if text_here and not self.plain else []

    def anchors(self) -> list[str]:
        names, self.pending = self.pending, []
        return [call("anchor", literal(name)) for name in names]

    def text(self, text: str, node: nodes.Node) -> str:
        """Text of the book as a literal, after making sure that a font has all of it."""
        for character in sorted(set(text) - self.book.characters):
            if unicodedata.category(character) not in {"Cf", "Cc"}:
                name = unicodedata.name(character, "unnamed")
                raise PdfError(f"no font in theme/fonts has {character!r} (U+{ord(character):04X}, {name}): write it otherwise, or add a font", node)
        self.open_brackets += text.count("(") - text.count(")")
        return literal(text.replace("\n", " "))

    def styled(self, node: nodes.Element) -> str:
        """The template's function for `node`, by its classes or else by its kind."""
        kind = type(node).__name__
        return next((style for style in self.STYLES.get(kind, ()) if style in node["classes"]), self.WRAPPERS[kind])

    @staticmethod
    def in_text(node):
        return isinstance(node.parent, nodes.TextElement)

    def write_Text(self, node):
        return self.text(node.astext(), node) if node else ""

    def write_inline(self, node):
        if (language := node.get("lang")) and "-" not in language:  # Typst has no tag for a language in another script
            return self.wrap("foreign", node, literal(language))
        if "citation" in node["classes"]:  # its place after its first word: before it, it could stay behind at the end of a page
            marks, (first, *rest) = self.marks(node), self.children(node)
            return call("content", first, *marks, *rest)
        function = self.styled(node)
        return self.wrap(function, node) if function != "content" or node["ids"] else ", ".join(self.children(node))

    def write_target(self, node):
        return ", ".join([*self.marks(node), *self.children(node)])

    def write_reference(self, node):
        target = address(node, self.name)
        if self.plain or not (target or node.get("refuri")):
            return ", ".join(self.children(node))
        if target is None:
            text = node.astext()
            return self.wrap("url" if "/" in text and " " not in text else "web", node, literal(node["refuri"]))
        classes = {name for part in node.findall(nodes.Element) for name in part["classes"]}
        function = next((link for name, link in self.LINKS.items() if name in classes), "xref")
        inside = "true" if function == "xref" and self.open_brackets > 0 else None
        return self.wrap(function, node, literal(self.book.anchors.name(target, node)), inside=inside)

    write_number_reference = write_reference

    def write_footnote_reference(self, node):
        note = self.notes[node["refid"]]
        if self.plain:
            raise PdfError("a note in a heading or a caption would be printed in the lists too: move it into the text", node)
        number, label = literal(note[0].astext()), literal(f"{self.name}#{node['refid']}")
        if node["refid"] in self.noted:
            return call("note-again", number, label)
        self.noted.update(note["ids"])
        brackets, self.open_brackets = self.open_brackets, 0
        text = call("note", number, *self.run_in(note.children[1:]), name=label if self.uses[node["refid"]] > 1 else None)
        self.open_brackets = brackets
        return text

    def write_paragraph(self, node):
        if "cited-in" in node["classes"]:
            places = [self.book.anchors.name(address(link, self.name), link) for link in node.findall(nodes.reference)]
            return call("cited-in", *map(literal, places))
        after = node.next_node(descend=False, siblings=True)
        leads = leads_in(node) or (isinstance(after, nodes.paragraph) and leads_in(after))
        return self.wrap("lead-in" if leads else self.styled(node), node)

    def write_title(self, node):
        section, level = node.parent, self.level + self.depth - 1
        number = self.book.number(self.book.env.toc_secnumbers, self.name) if self.depth == 1 else None
        function = ("chapter", "section", "subsection")[min(self.depth, 3) - 1]
        return call(function, self.plainly(node), level=str(level), number=number, name=literal(self.register(section)))

    def write_admonition(self, node):
        title, *rest = node.children
        return call("aside", *self.marks(node), *filter(None, map(self.write, rest)), title=self.plainly(title))

    def write_enumerated_list(self, node):
        style = {"loweralpha": "a", "upperalpha": "A", "lowerroman": "i", "upperroman": "I"}.get(node.get("enumtype"), "1")
        return self.wrap("numbered", node, start=str(node.get("start", 1)), style=literal(node.get("prefix", "") + style + node.get("suffix", ".")))

    def write_list_item(self, node):
        return call("content", *self.marks(node), *self.run_in(node.children))

    write_definition = write_list_item

    def write_definition_list_item(self, node):
        *heads, body = node.children
        return f"({call('content', *map(self.write, heads))}, {self.write(body)})"

    def write_image(self, node):
        if not node.get("alt"):
            raise PdfError("a picture without alternative text: say in :alt: what it shows", node)
        file = self.book.pictures[node["uri"]]
        return call("picture", literal(f"images/{file}"), alt=self.text(node["alt"], node), inline="true" if self.in_text(node) else None)

    def write_figure(self, node):
        return self.captioned("chart", node, nodes.caption, "figure")

    def write_table(self, node):
        """A table: short ones stay whole, those with a caption at the head or foot of a page; long ones break over pages."""
        rows = [[cell.astext() for cell in row.children] for row in node.findall(nodes.row)]
        captioned, high = isinstance(node.children[0], nodes.title), lines_of(rows)
        whole = high <= (FLOATING if captioned else 14)
        return self.captioned("table-in-text", node, nodes.title, "table", whole=str(whole).lower(), floating=str(whole and captioned and high > 8).lower())

    def captioned(self, function, node, kind, numbering, **more):
        """A figure or table with its caption and Sphinx's number for it."""
        caption = next((child for child in node.children if isinstance(child, kind)), None)
        rest, named = [text for child in node.children if child is not caption and (text := self.write(child))], {}
        if caption is not None:
            numbers = {name: figures.get(numbering, {}) for name, figures in self.book.env.toc_fignumbers.items()}
            named = {"caption": self.plainly(caption), "number": self.book.number(numbers, self.name, *node["ids"][:1])}
        return call(function, *rest, **named, **more, name=literal(self.register(node)))

    def write_tgroup(self, node):
        rows = list(node.findall(nodes.row))
        widths = [spec["colwidth"] for spec in node.findall(nodes.colspec)]
        if len(set(widths)) == 1:
            widths = shares([[cell.astext() for cell in row.children] for row in rows])
        columns = ", ".join(f"{width}fr" if width else "auto" for width in widths)
        numeric = [str(any("number" in part["classes"] for part in cell.children)).lower() for cell in rows[-1].children]
        heads = [cell for row in rows if isinstance(row.parent, nodes.thead) for cell in self.children(row)]
        cells = ["\n  " + ", ".join(self.children(row)) for row in rows if isinstance(row.parent, nodes.tbody)]
        return call("grid-of", call("head", *heads) if heads else "", *cells, columns=f"({columns},)", numeric=f"({', '.join(numeric)},)")

    def write_entry(self, node):
        right = "text-right" in node["classes"] or any("number" in paragraph["classes"] for paragraph in node.children)
        align = "right" if right else "center" if "text-center" in node["classes"] else None
        spans = {name: str(node[more] + 1) if node.get(more) else None for name, more in (("colspan", "morecols"), ("rowspan", "morerows"))}
        return call("cell", *self.run_in(node.children), **spans, align=align)


class Book:
    """What the writers of all documents share: order, anchors, characters of the fonts, numbers and pictures."""

    def __init__(self, builder: PdfBuilder):
        self.builder, self.env, self.placed = builder, builder.env, set()
        self.parts = [(caption, [doc for name in names for doc in self.walk(name)]) for caption, names in parts(self.env)]
        self.documents = {name: self.resolved(name) for _, names in self.parts for name in names}
        self.anchors, self.pictures = Anchors(self.documents), builder.images
        self.index = [group for _, group in index_entries(builder)]
        self.characters = {"\n"}
        for file in FONTS:
            with TTFont(file, lazy=True) as font:
                self.characters |= set(map(chr, font.getBestCmap()))

    def walk(self, name: str) -> list[str]:
        """A document and those under it."""
        return [name, *(doc for child in self.env.toctree_includes.get(name, ()) for doc in self.walk(child))]

    def resolved(self, name: str) -> nodes.document:
        document = self.env.get_doctree(name)
        self.env.apply_post_transforms(document, name)
        self.builder.post_process_images(document)
        return document

    @staticmethod
    def number(numbers: dict, name: str, anchor: str = "") -> str:
        """The number that `numbers` of Sphinx give to a place of the document `name`, as printed; empty when it has none."""
        return literal(".".join(map(str, numbers.get(name, {}).get(anchor) or ())))

    def typst(self) -> str:
        """The whole book as a Typst file. Raises PdfError for what cannot be set."""
        lines = ['#import "book.typ": *', f"#let edition = {value(self.builder.config.book)}", "#show: volume.with(edition)", "#front-matter(edition)"]
        index, level = self.index_lines(), 1  # the index first, because it points to places
        first = next((number for number, (caption, _) in enumerate(self.parts) if caption), 0)
        for number, (caption, names) in enumerate(self.parts):
            if number == first:
                lines.append("#show: main-matter")
            if caption:
                level, (roman, title) = 2, found.groups() if (found := CAPTION.fullmatch(caption)) else ("", caption)
                lines.append("#" + call("part", literal(title), number=literal(roman)))
            for name in names:
                lines += ["", f"// {name}", *(f"#{line}" for line in Writer(name, self.documents[name], level, self).lines())]
        if lost := self.anchors.wanted - self.placed:
            raise PdfError(f"nothing printed holds the places {', '.join(sorted(lost))}, to which links lead: move them into the text")
        if index:
            lines += ["", "// Index", "#" + call("chapter", literal("Index"), level=str(level)), "#" + call("two-columns", *index)]
        return "\n".join([*lines, ""])

    def index_lines(self) -> list[str]:
        """Sphinx's index, a group a letter, each entry with the places it points to."""
        out = []
        for group in self.index:
            lines = []
            for word, (places, below, _) in group:
                see = [sub for sub, places_below in below if not places_below]
                subs = "true" if any(places_below for _, places_below in below) else None
                lines.append(call("index-entry", literal(word), *self.places(places), see=see and value(see), subs=subs))
                lines += [call("index-sub", literal(sub), *self.places(places_below)) for sub, places_below in below if places_below]
            out.append("\n  " + call("index-group", *lines))
        return out

    def places(self, targets: list[tuple[str, str]]) -> list[str]:
        names = [self.anchors.name(uri[1:]) for _, uri in targets]
        self.anchors.wanted |= set(names)
        return [literal(name) for name in names]


class PdfBuilder(Builder):
    """``-b pdf``: writes ``<identifier of the book>.pdf`` into the output directory, and beside it the Typst file it was set from."""

    name = format = "pdf"
    supported_image_types = ["image/svg+xml", "image/png"]

    def get_outdated_docs(self):
        return "the whole book"

    def get_target_uri(self, docname, typ=None):
        return f"%{docname}"

    def get_relative_uri(self, from_, to, typ=None):
        return f"%{to}"

    def write_documents(self, _docnames):
        out = Path(self.outdir)
        with progress_message("writing Typst"):
            book = Book(self).typst()
            shutil.rmtree(out / "fonts", ignore_errors=True)
            files = {out / "images" / name: Path(self.srcdir) / image for image, name in self.images.items()}
            files |= {out / "fonts" / font.name: font for font in FONTS} | {out / file.name: file for file in (THEME / "pdf").glob("*.typ")}
            for copy, file in files.items():
                copy.parent.mkdir(exist_ok=True)
                shutil.copyfile(file, copy)
            (out / "main.typ").write_text(book, encoding="utf-8")
        with progress_message("setting the pages"):
            self.set_pages(out / "main.typ", out / f"{self.config.book['identifier']}.pdf")

    def set_pages(self, source: Path, target: Path):
        """Has Typst set `source`, and halves the file with object streams. Typst's warnings are Sphinx's; what it refuses is a PdfError."""
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(source.parent / "fonts")])
        options = {"format": "pdf", "pdf_standards": ["ua-1", "a-2a"], "timestamp": self.config.book["epoch"]}
        try:
            data, warnings = typst.compile_with_warnings(str(source), root=str(source.parent), font_paths=fonts, **options)
        except typst.TypstError as error:
            raise PdfError(f"{source}: Typst stopped: {error.diagnostic or error.message}") from error
        for warning in warnings:
            logger.warning(f"Typst: {warning.diagnostic or warning.message}", type="pdf")
        with pikepdf.open(BytesIO(data)) as pdf:
            pdf.save(target, object_stream_mode=pikepdf.ObjectStreamMode.generate, recompress_flate=True, deterministic_id=True)


def setup(app):
    app.add_builder(PdfBuilder)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

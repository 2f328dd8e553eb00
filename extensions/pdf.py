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
from pathlib import Path

import pikepdf
import typst
from docutils import nodes
from fontTools.ttLib import TTFont
from sphinx import addnodes
from sphinx.builders import Builder
from sphinx.environment.adapters.indexentries import IndexEntries
from sphinx.errors import SphinxError
from sphinx.util import logging
from sphinx.util.display import progress_message

logger = logging.getLogger(__name__)
THEME = Path(__file__).parent.parent / "theme"
STANDARDS = ["ua-1", "a-2a"]
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
    """`text` as a Typst string literal; nothing in it can be taken for markup."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def call(function: str, *arguments: str, **named: str | None) -> str:
    """A call of a Typst function; empty arguments and named ones that are None are left out."""
    named_arguments = [f"{name}: {value}" for name, value in named.items() if value is not None]
    return f"{function}({', '.join([*named_arguments, *(argument for argument in arguments if argument)])})"


def value(data) -> str:
    """Plain data (text, numbers, lists, dictionaries) as a Typst value."""
    if isinstance(data, dict):
        return "(" + ", ".join(f"{key}: {value(item)}" for key, item in data.items()) + ")"
    if isinstance(data, (list, tuple)):
        return "(" + "".join(f"{value(item)}, " for item in data) + ")"
    return literal(data) if isinstance(data, str) else str(data).lower()


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
            for node in document.findall(lambda n: isinstance(n, (nodes.reference, nodes.number_reference))):
                if target := address(node, name):
                    self.wanted.add(self.name(target, node))

    def name(self, target: str, node: nodes.Node) -> str:
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

    `level` is that of the document's own heading, `numbers` and `figures` are Sphinx's for this document, `pictures` the names of copied images.
    """

    WRAPPERS = {
        "emphasis": "emph", "strong": "strong", "superscript": "raised", "subscript": "lowered", "literal": "literal", "paragraph": "p",
        "term": "content", "definition": "content", "rubric": "rubric", "attribution": "attribution", "line": "line", "problematic": "content",
        "line_block": "verse", "legend": "legend", "title_reference": "emph", "download_reference": "literal", "field_name": "content",
        "field_body": "content", "compound": "content", "glossary": "content", "compact_paragraph": "p",
    }  # fmt: skip
    SKIPPED = {"comment", "index", "toctree", "chart_table", "substitution_definition", "footnote", "tabular_col_spec", "label", "system_message"}
    # Classes of paragraphs, containers and inlines that have a function of their own in the template; any other class changes nothing.
    STYLES = {
        "paragraph": ("claim-head", "claim-statement", "claim-sources", "claim-rest", "chart-source", "entry"),
        "container": ("standfirst", "bib-entry", "claim-list", "brief", "claim"),
        "inline": ("consulted", "bearing", "claim-id", "verdict", "weight", "kind", "essay"),
    }
    LINKS = {"cite": "cite", "number": "jump", "claim-mark": "claim-mark", "verdict": "verdict-mark", "std-term": "jump", "term": "jump"}

    def __init__(self, name: str, document: nodes.document, level: int, book: Book):
        self.name, self.document, self.level, self.book = name, document, level, book
        self.depth, self.plain, self.pending, self.open_brackets = 0, False, [], 0
        self.notes = {id: note for note in document.findall(nodes.footnote) for id in note["ids"]}
        self.uses = Counter(node["refid"] for node in document.findall(nodes.footnote_reference))
        self.noted = set()

    def lines(self) -> list[str]:
        """The document as Typst, a line a block. Raises PdfError for what cannot be set."""
        out = []
        for node in self.document.children:
            out += self.blocks(node)
        if self.pending:
            out.append(call("p", *self.anchors()))
        for id, note in self.notes.items():
            if not self.noted & set(note["ids"]):
                raise PdfError(f"nothing refers to the note {id!r}: refer to it, or delete it", note)
        return out

    def blocks(self, node: nodes.Node) -> list[str]:
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
        return self.wrap(self.WRAPPERS[kind], node)

    def children(self, node: nodes.Element) -> list[str]:
        return [text for child in node.children if (text := self.write(child))]

    def wrap(self, function: str, node: nodes.Element, *first: str, **named) -> str:
        if isinstance(node, nodes.TextElement) and not isinstance(node.parent, nodes.TextElement):
            self.open_brackets = 0
        return call(function, *first, *self.marks(node), *self.children(node), **named)

    def marks(self, node: nodes.Element) -> list[str]:
        """Anchors for `node`: at once where text stands, kept until text comes where blocks stand."""
        names = {self.book.anchors.names[f"{self.name}#{id}"] for id in node.get("ids", ())} & self.book.anchors.wanted
        self.pending += sorted(names - self.book.placed)
        self.book.placed |= names
        return self.anchors() if isinstance(node, nodes.TextElement) and not self.plain else []

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
        return literal(re.sub(r"\s+(?=[–—] )", "\N{NO-BREAK SPACE}", text.replace("\n", " ")))

    def styled(self, node: nodes.Element, fallback: str) -> str:
        return next((style for style in self.STYLES[type(node).__name__] if style in node["classes"]), fallback)

    # Text

    def write_Text(self, node):
        return self.text(node.astext(), node)

    def write_inline(self, node):
        if language := node.get("lang"):
            return self.wrap("foreign", node, literal(language))
        function = self.styled(node, "")
        if function or any(f"{self.name}#{id}" in self.book.anchors.names for id in node["ids"]):
            return self.wrap(function or "content", node)
        return ", ".join(self.children(node))

    def write_target(self, node):
        if not node.children:
            self.marks(node)
            return ", ".join(self.anchors()) if isinstance(node.parent, nodes.TextElement) and not self.plain else ""
        return self.wrap("content", node)

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
        text = call("note", number, *self.children(note), name=label if self.uses[node["refid"]] > 1 else None)
        self.open_brackets = brackets
        return text

    def write_paragraph(self, node):
        if "cited-in" in node["classes"]:
            places = [self.book.anchors.name(address(link, self.name), link) for link in node.findall(nodes.reference)]
            return call("cited-in", *map(literal, places))
        return self.wrap(self.styled(node, "p"), node)

    # Blocks

    def write_title(self, node):
        if not isinstance(node.parent, nodes.section):
            return self.wrap("caption", node)
        self.plain, section = True, node.parent
        number = self.book.number(self.name, "" if self.depth == 1 else f"#{section['ids'][0]}")
        names = {self.book.anchors.names[f"{self.name}#{id}"] for id in section["ids"]} & self.book.anchors.wanted
        self.book.placed |= names
        title, self.plain = call("content", *self.children(node)), False
        named = {"level": str(self.level + self.depth - 1), "number": number and literal(number), "name": literal(*names) if names else None}
        return call("chapter" if self.depth == 1 else "section", title, **named)

    def write_container(self, node):
        return self.wrap(self.styled(node, "content"), node)

    def write_admonition(self, node):
        title, *rest = node.children
        return call("aside", *self.marks(node), *filter(None, map(self.write, rest)), title=call("content", *self.children(title)))

    def write_block_quote(self, node):
        return self.wrap("epigraph" if "epigraph" in node["classes"] else "quotation", node)

    def write_transition(self, node):
        return "ornament()"

    def write_literal_block(self, node):
        lines = [self.text(line, node) for line in node.astext().splitlines()]
        return call("listing", *lines)

    def write_bullet_list(self, node):
        return self.wrap("bullets", node)

    def write_enumerated_list(self, node):
        style = {"loweralpha": "a", "upperalpha": "A", "lowerroman": "i", "upperroman": "I"}.get(node.get("enumtype"), "1")
        return self.wrap("numbered", node, start=str(node.get("start", 1)), style=literal(style + node.get("suffix", ".")))

    def write_list_item(self, node):
        return self.wrap("content", node)

    def write_definition_list(self, node):
        return self.wrap("definitions", node)

    write_field_list = write_definition_list

    def write_definition_list_item(self, node):
        *heads, body = node.children
        return f"({call('content', *map(self.write, heads))}, {self.write(body)})"

    write_field = write_definition_list_item

    def write_image(self, node):
        if not node.get("alt"):
            raise PdfError("a picture without alternative text: say in :alt: what it shows", node)
        file = self.book.pictures[node["uri"]]
        return call("picture", literal(f"images/{file}"), alt=self.text(node["alt"], node), inline="true" if self.in_text(node) else None)

    def in_text(self, node):
        return isinstance(node.parent, nodes.TextElement)

    def write_figure(self, node):
        """Picture and legend under the caption, the figure's number before it."""
        return self.captioned("chart", node, nodes.caption, "figure")

    def write_table(self, node):
        return self.captioned("numbered-table", node, nodes.title, "table") if node.next_node(nodes.title) else self.wrap("plain-table", node)

    def captioned(self, function, node, kind, numbering):
        caption = next((child for child in node.children if isinstance(child, kind)), None)
        named, rest = {}, [child for child in node.children if child is not caption]
        names = {self.book.anchors.names[f"{self.name}#{id}"] for id in node["ids"]} & self.book.anchors.wanted
        self.book.placed |= names
        if caption is not None:
            self.plain = True
            named["caption"] = call("content", *self.children(caption))
            self.plain = False
            number = next((self.book.figure_number(self.name, numbering, id) for id in node["ids"]), None)
            named["number"] = number and literal(number)
        return call(function, *filter(None, map(self.write, rest)), **named, name=literal(*names) if names else None)

    def write_tgroup(self, node):
        widths = [spec["colwidth"] for spec in node.findall(nodes.colspec)]
        rows = [row for row in node.findall(nodes.row)]
        head = [row for row in rows if isinstance(row.parent, nodes.thead)]
        columns = value([f"{width}fr" for width in widths]).replace('"', "") if len(set(widths)) > 1 else value(["auto"] * len(widths)).replace('"', "")
        body = [cell for row in rows if row not in head for cell in self.children(row)]
        classes = node.parent["classes"]
        return call(
            "grid-of",
            call("table.header", *(cell for row in head for cell in self.children(row))) if head else "",
            *body,
            columns=columns,
            rows=str(len(rows)),
            style=literal(classes[0]) if classes else None,
        )

    def write_entry(self, node):
        paragraphs = list(node.findall(nodes.paragraph))
        right = "text-right" in node["classes"] or any("number" in paragraph["classes"] for paragraph in paragraphs)
        align = "right" if right else "center" if "text-center" in node["classes"] else None
        one = paragraphs[0] if len(node) == 1 and len(paragraphs) == 1 else None
        if one is not None:
            self.open_brackets = 0
        text = [*self.marks(one), *self.children(one)] if one is not None else self.children(node)
        spans = {name: str(node[more] + 1) if node.get(more) else None for name, more in (("colspan", "morecols"), ("rowspan", "morerows"))}
        return call("cell", *text, **spans, align=align)


class Book:
    """What the writers of all documents share: order, anchors, characters of the fonts, numbers and pictures."""

    def __init__(self, builder: PdfBuilder):
        self.builder, self.env, self.placed = builder, builder.env, set()
        self.parts = list(self.order(builder.config.root_doc))
        self.documents = {name: self.resolved(name) for _, names in self.parts for name in names}
        self.anchors = Anchors(self.documents)
        self.index = IndexEntries(self.env).create_index(builder)
        self.anchors.wanted |= {self.anchors.names[target] for target in self.index_targets() if target in self.anchors.names}
        self.characters = {chr(c) for file in THEME.glob("fonts/*.[ot]tf") for c in TTFont(file, lazy=True).getBestCmap()} | {"\n"}
        self.pictures = builder.images

    def order(self, root: str):
        """Yields (caption or "", documents) for each toctree of the root document, documents within documents after their parent."""
        for toctree in self.env.get_doctree(root).findall(addnodes.toctree):
            yield toctree.get("caption") or "", [doc for name in toctree["includefiles"] for doc in self.walk(name)]

    def walk(self, name: str):
        yield name
        for toctree in self.env.get_doctree(name).findall(addnodes.toctree):
            for child in toctree["includefiles"]:
                yield from self.walk(child)

    def resolved(self, name: str) -> nodes.document:
        document = self.env.get_doctree(name)
        self.env.apply_post_transforms(document, name)
        self.builder.post_process_images(document)
        return document

    def number(self, name: str, anchor: str) -> str | None:
        """The number Sphinx gives to a document (anchor "") or section, as printed."""
        numbers = self.env.toc_secnumbers.get(name, {}).get(anchor)
        return ".".join(map(str, numbers)) if numbers else None

    def figure_number(self, name: str, kind: str, id: str) -> str | None:
        numbers = self.env.toc_fignumbers.get(name, {}).get(kind, {}).get(id)
        return ".".join(map(str, numbers)) if numbers else None

    def index_targets(self):
        for _, entries in self.index:
            for _, (targets, subentries, _) in entries:
                yield from (uri[1:] for _, uri in [*targets, *(t for _, sub in subentries for t in sub)] if uri)

    def typst(self) -> str:
        """The whole book as a Typst file."""
        book = self.builder.config.book
        lines = ['#import "book.typ": *', f"#show: volume.with(..{value(book)})", f"#front-matter({value(book)})"]
        main = not any(caption for caption, _ in self.parts)
        level = 1
        if main:
            lines.append("#show: main-matter")
        for caption, names in self.parts:
            if caption:
                if not main:
                    lines.append("#show: main-matter")
                main, level = True, 2
                number, title = found.groups() if (found := CAPTION.fullmatch(caption)) else (None, caption)
                lines.append("#" + call("part", literal(title), number=number and literal(number)))
            for name in names:
                lines += ["", f"// {name}", *(f"#{line}" for line in Writer(name, self.documents[name], level, self).lines())]
        return "\n".join([*lines, *self.index_lines(level), ""])

    def index_lines(self, level: int) -> list[str]:
        if not self.index:
            return []
        groups = [call("index-group", *(self.entry(*entry) for entry in entries)) for _, entries in self.index]
        return ["", "// Index", f'#chapter(level: {level}, "Index")', "#" + call("two-columns", *(f"\n  {group}" for group in groups))]

    def entry(self, word: str, found: tuple) -> str:
        targets, subentries, _ = found
        lines = [call("index-entry", literal(word), *self.pages(targets), see=self.see(subentries))]
        lines += [call("index-sub", literal(sub), *self.pages(places)) for sub, places in subentries if places]
        return ", ".join(lines)

    def pages(self, targets: list) -> list[str]:
        return [literal(name) for _, uri in targets if uri and (name := self.anchors.names.get(uri[1:])) in self.placed]

    def see(self, subentries: list) -> str | None:
        words = [word for word, places in subentries if not places]
        return value(words) if words else None


class PdfBuilder(Builder):
    """``-b pdf``: writes ``<identifier of the book>.pdf`` into the output directory, and beside it the Typst file it was set from."""

    name, format = "pdf", "pdf"
    epilog = "The PDF is in %(outdir)s."
    supported_image_types = ["image/svg+xml", "image/png", "image/jpeg"]

    def get_outdated_docs(self):
        return "the whole book"

    def get_target_uri(self, docname, typ=None):
        return f"%{docname}"

    def get_relative_uri(self, from_, to, typ=None):
        return self.get_target_uri(to, typ)

    def write_documents(self, _docnames):
        out = Path(self.outdir)
        with progress_message("writing Typst"):
            source = out / "main.typ"
            source.write_text(Book(self).typst(), encoding="utf-8")
            for template in (THEME / "pdf").glob("*.typ"):
                shutil.copyfile(template, out / template.name)
            (out / "images").mkdir(exist_ok=True)
            for image, name in self.images.items():
                shutil.copyfile(Path(self.srcdir) / image, out / "images" / name)
        with progress_message("setting the pages"):
            self.repack(self.compile(source), out / f"{self.config.book['identifier']}.pdf")

    def compile(self, source: Path) -> Path:
        """Has Typst set `source`. Its warnings are Sphinx's; raises PdfError with Typst's own words when it cannot."""
        raw = source.with_name("raw.pdf")
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(THEME / "fonts")])
        epoch = self.config.book["epoch"]
        try:
            _, warnings = typst.compile_with_warnings(
                str(source), str(raw), root=str(source.parent), font_paths=fonts, format="pdf", pdf_standards=STANDARDS, timestamp=epoch
            )
        except typst.TypstError as error:
            raise PdfError(f"{source}: Typst stopped: {error.diagnostic or error.message}") from error
        for warning in warnings:
            logger.warning(f"Typst: {warning.diagnostic or warning.message}", type="pdf")
        return raw

    def repack(self, raw: Path, target: Path):
        """Halves the file with object streams; the same pages give the same bytes."""
        with pikepdf.open(raw) as pdf:
            pdf.save(target, object_stream_mode=pikepdf.ObjectStreamMode.generate, recompress_flate=True, deterministic_id=True)
        raw.unlink()


def setup(app):
    app.add_builder(PdfBuilder)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

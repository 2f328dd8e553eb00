"""Citations: author-date with locators, a list of sources in parts, and the gate that ties each citation to a recorded look.

Built on sphinxcontrib-bibtex, which reads refs.bib and parses the roles ``{cite:p}`` and ``{cite:t}``. Its domain is
overridden so that works stand in the author's order, works of one author and year get a letter, archival documents and
newspapers have a form, and every entry links back to every place that cites it.
"""

from __future__ import annotations

import csv
import functools
import re
from collections import Counter, defaultdict
from pathlib import Path
from urllib.parse import unquote

from docutils import nodes
from pybtex.bibtex.utils import split_name_list
from pybtex.database import Person
from pybtex.exceptions import PybtexError
from pybtex.richtext import HRef, Tag, Text
from pybtex_docutils import Backend
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinxcontrib.bibtex.bibfile import process_bibdata
from sphinxcontrib.bibtex.citation_target import parse_citation_targets
from sphinxcontrib.bibtex.domain import BibtexDomain
from sphinxcontrib.bibtex.roles import CitationRef, CiteRole

from .shared import count_table, plain, reading_order, stop, typographic

logger = logging.getLogger(__name__)

KINDS = {"debate": "The debate", "primary": "Primary sources", "scholarship": "Scholarship", "press": "Press and web"}
CONSULTED = {
    "full": "read whole",
    "part": "read in part",
    "opening": "opening read",
    "abstract": "abstract read",
    "cited": "not seen",
}
REQUIRED = {  # beside title, kind and consulted; a date that nobody saw is left out and prints as n.d.
    "article": ("journal|url|copynote|via",),
    "book": (),
    "incollection": ("booktitle",),
    "thesis": ("author", "institution"),
    "report": (),
    "online": ("url|copynote|via",),
    "archival": ("archive|url|copynote|via",),
    "newspaper": ("journal|url|copynote",),
}
CONSULTED_COLUMNS = ["key", "address", "date", "seen", "locator", "passage_start", "passage_end"]
QUOTED = re.compile("\N{LEFT SINGLE QUOTATION MARK}([^\N{LEFT SINGLE QUOTATION MARK}]*?)\N{RIGHT SINGLE QUOTATION MARK}(?!\\w)")


def shown(url: str) -> str:
    """An address as it prints: without its scheme, and with letters for their codes where they are Latin, Cyrillic or marks.

    >>> shown("https://www.example.org/am%C3%ADlcar/"), shown("http://example.org/%E7%99%BD")
    ('example.org/amílcar', 'example.org/%E7%99%BD')
    """
    readable = re.sub("(?:%[89A-Fa-f][0-9A-Fa-f])+", lambda code: unquote(code[0]), url)
    return re.sub(r"^https?://(www\.)?", "", readable if re.fullmatch("[ -~\u00a1-\u0530\u2010-\u203a]+", readable) else url).rstrip("/")


@functools.cache
def printed(text: str, quoted: bool) -> str:
    """A field's text with marks, dashes and days set and TeX's escapes undone; what is quoted within a title that is `quoted` itself gets double marks."""
    text = typographic(re.sub(r"\\([&$#_])", r"\1", text).replace("--", "\N{EN DASH}"))
    return QUOTED.sub("\N{LEFT DOUBLE QUOTATION MARK}\\1\N{RIGHT DOUBLE QUOTATION MARK}", text) if quoted else text


class Source:
    """One entry of refs.bib, ready to print: `names` and `year` in the text, `text()` in the list of sources, `mark()` at its end."""

    def __init__(self, entry, line: int):
        self.entry, self.key, self.line = entry, entry.key, line
        self.letter = ""
        self.people = entry.persons.get("author") or entry.persons.get("editor") or []

    def get(self, field: str) -> str:
        """A field as it prints; addresses are left alone."""
        text = self.entry.fields.get(field, "")
        return text if field in {"url", "doi"} else printed(text, field == "title" and not self.whole)

    def rich(self, field: str) -> Text:
        text = self.get(field)
        return Text.from_latex(text) if re.search(r"[\\{}$%~^_#&]", text) else Text(text)  # plain text need not be read as TeX

    @property
    def names(self) -> str:
        """The names as a citation in the text prints them."""
        short = self.get("shortauthor")
        last = [short] if short else [" ".join(person.prelast_names + person.last_names) for person in self.people]
        last = [typographic(re.sub(r"[{}]", "", name)) for name in last]
        if not last:
            return re.sub(r"[{}]", "", self.get("shorttitle") or self.get("title"))
        if len(last) > 3:
            return f"{last[0]} and others"
        return " and ".join([", ".join(last[:-1]), last[-1]]) if len(last) > 1 else last[0]

    @property
    def year(self) -> str:
        year = self.get("year") or ("" if self.get("origyear") else "n.d.")
        return " ".join(filter(None, [f"[{self.get('origyear')}]" if self.get("origyear") else "", year])) + self.letter

    @property
    def sort_key(self):
        inverted = self.get("shortauthor") or " ".join(" ".join(p.prelast_names + p.last_names + p.first_names) for p in self.people) or self.names
        return plain(inverted), self.get("origyear") or self.get("year") or "9999", plain(self.get("title"))

    @property
    def whole(self) -> bool:
        """A work that stands by itself: its title is set in italics, others' between quotation marks."""
        return self.entry.type in {"book", "thesis"} or (self.entry.type == "report" and "journal" not in self.entry.fields)

    @property
    def passive(self) -> bool:
        """Known only through another work."""
        return self.get("consulted") == "cited"

    def text(self) -> Text:
        """The entry as the list of sources prints it."""
        kind = self.entry.type
        parts = [Text(self._inverted_names()), Text(self.year), self._title()]
        if not parts[0]:  # nobody signed it: it stands under its title
            parts = [parts[2], parts[1]]
        if kind == "incollection":
            editors, pages = self._plain_names("editor"), self.get("pages")
            parts.append(Text("In ", Tag("em", self.rich("booktitle")), f", edited by {editors}" if editors else "", f", {pages}" if pages else ""))
        elif self.get("journal"):
            issue = " ".join(filter(None, [self.get("volume"), f"({self.get('number')})" if self.get("number") else ""]))
            tail = self.get("date") or self.get("pages")
            journal = Text(Tag("em", self.rich("journal")), f" {issue}" if issue else "")
            parts.append(Text(journal, f"{': ' if issue and not self.get('date') else ', '}{tail}" if tail else ""))
        if self.get("translator"):
            parts.append(Text(f"Translated by {self._plain_names('translator')}"))
        if self.people and self.entry.persons.get("editor") and self.entry.persons.get("author") and kind == "book":
            parts.append(Text(f"Edited by {self._plain_names('editor')}"))
        shelf = [self.get("archive")] + [f"{short} {self.get(field)}" for field, short in (("fond", "f."), ("opis", "op."), ("delo", "d."), ("listy", "l.")) if self.get(field)]
        imprint = ": ".join(filter(None, [self.get("address"), self.get("publisher") or self.get("institution")]))
        for piece in (self.get("type"), ", ".join(filter(None, shelf)), self.get("series"), imprint, self.get("note")):
            if piece:
                parts.append(Text(piece[0].upper() + piece[1:]))
        text = Text()
        for part in (part for part in parts if len(part)):
            text += part if str(part).endswith((".", "?", "!")) else part + "."
            text += " "
        if self.get("doi"):
            text += Text("DOI ", HRef(f"https://doi.org/{self.get('doi')}", self.get("doi")), ". ")
        elif self.get("url"):
            text += HRef(self.get("url"), shown(self.get("url"))) + Text(". ")
        return text

    def mark(self, via: "Source | None") -> str:
        """How the work was consulted, in words, for the end of the entry."""
        words = CONSULTED[self.get("consulted")]
        note = re.sub(r"[{}]", "", self.get("consultednote"))
        if via is not None:
            words, note = f"not seen; cited in {via.names} {via.year}", ""
        out = words + (f": {note}" if note else "")
        if self.get("copynote"):
            out += "; " + self.get("copynote")
        if self.get("urldate") and self.get("url") and not self.passive:
            out += f"; seen {self.get('urldate')}"
        return out

    def _title(self) -> Text:
        title = self.rich("title")
        quoted = Text("\N{LEFT SINGLE QUOTATION MARK}", title, "\N{RIGHT SINGLE QUOTATION MARK}")
        styled = title if str(title).startswith("[") else Tag("em", title) if self.whole else quoted  # in brackets: a description of ours
        return Text(styled, f" [{self.get('titleaddon')}]") if self.get("titleaddon") else Text(styled)

    def _inverted_names(self) -> str:
        def given(person):
            return " ".join(person.first_names + person.middle_names)

        def family(person):
            return " ".join(person.prelast_names + person.last_names)

        if not self.people:
            return self.get("shortauthor") or self.get("shorttitle")
        first, rest = self.people[0], self.people[1:]
        names = [", ".join(filter(None, [family(first), given(first)]))]
        names += [" ".join(filter(None, [given(person), family(person)])) for person in rest]
        joined = names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
        role = "" if self.entry.persons.get("author") else ", ed." if len(names) == 1 else ", eds"
        whole, short = typographic(re.sub(r"[{}]", "", joined)) + role, self.get("shortauthor")
        if not short or plain(whole).startswith(plain(short)):
            return whole
        return short if plain(whole) == f"the {plain(short)}" else f"{short} ({whole})"  # under the name by which it is cited

    def _plain_names(self, role: str) -> str:
        people = self.entry.persons.get(role) or [Person(name) for name in split_name_list(self.get(role)) if name]
        names = [" ".join(p.first_names + p.middle_names + p.prelast_names + p.last_names) for p in people]
        return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""


class Cite(CiteRole):
    """``{cite:p}`` and ``{cite:t}``: stable ids, and a dependency on refs.bib so that an edit there is read."""

    def result_nodes(self, document, env, node, is_ref):
        domain = env.get_domain("cite")
        try:
            targets = list(parse_citation_targets(self.target))
        except ValueError as error:
            logger.warning(f"{error}: write {{cite:p}}`key{{locator}}`, several works with commas between", location=(env.docname, self.lineno), type="citations")
            return [nodes.inline("", "?")], []
        number = env.temp_data["cited"] = env.temp_data.get("cited", 0) + 1
        node["ids"] = [f"cited-{Path(env.docname).name}-{number}"]
        document.note_explicit_target(node, node)
        domain.citation_refs.append(CitationRef(node["ids"][0], env.docname, self.lineno, targets))
        for file in [*domain.bibdata.bibfiles, Path(env.config.root, "data/consulted.csv")]:
            env.note_dependency(str(file))
        return [node], []


class Citations(BibtexDomain):
    """The domain ``cite`` with our order, our labels, our gates."""

    roles = {"p": Cite(), "t": Cite()}
    initial_data = BibtexDomain.initial_data | {"lists": {}}  # kind of source: the page that lists it

    @property
    def sources(self) -> dict[str, Source]:
        """Every entry of refs.bib by key, with its line and its letter."""
        if getattr(self, "_sources_of", None) is not self.bibdata:
            self._sources_of, self._sources = self.bibdata, self._read_sources()
        return self._sources

    def _read_sources(self) -> dict[str, Source]:
        lines = {}
        for file in self.bibdata.bibfiles:
            for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
                if found := re.match(r"@\w+\s*\{\s*([^,\s]+)", line):
                    lines[found[1].lower()] = number
        sources = {key: Source(e, lines.get(key.lower(), 1)) for key, e in self.bibdata.data.entries.items()}
        same = defaultdict(list)
        for source in sorted(sources.values(), key=lambda s: s.sort_key):
            same[source.names, source.year].append(source)
        for group in same.values():
            if len(group) > 1:
                for number, source in enumerate(group):
                    source.letter = ("\N{NON-BREAKING HYPHEN}" if source.year.startswith("n.d.") else "") + chr(97 + number)
        return sources

    def env_updated(self):
        """Checks every citation once everything is read; has the list of sources written anew."""
        looks = self._read_consulted()
        locators = {key: {plain(row["locator"]) for row in rows if row["locator"]} for key, rows in looks.items()}
        for ref in self.citation_refs:
            where = (ref.docname, ref.line)
            for target in ref.targets:
                if target.key not in self.sources:
                    self.warn(f"no entry {target.key!r} in refs.bib: add it, or mend the key", where)
                elif target.key not in looks:
                    self.warn(f"{target.key!r} has no row in data/consulted.csv: record the look, or cite another work", where)
                elif target.post and plain(target.post) not in locators[target.key]:
                    self.warn(
                        f"locator {target.post!r} of {target.key!r} stands in no row of data/consulted.csv: record where it was seen, or cite without it",
                        where,
                    )
        used = {target.key for ref in self.citation_refs for target in ref.targets}
        used |= {source.get("via") for source in self.sources.values()}
        for source in self.sources.values():
            if self.data["lists"] and source.get("kind") not in self.data["lists"]:
                self.warn(f"{source.key!r}: no page lists the sources of its kind: add {{sources}} {source.get('kind')}", f"refs.bib:{source.line}")
            if source.key not in used and not source.get("unused"):
                self.warn(f"{source.key!r} is cited nowhere: cite it, delete it, or say why in a field `unused`", f"refs.bib:{source.line}")
        return sorted(set(self.data["lists"].values()))

    def check_entries(self):
        """Stops the build, a message a fault, when an entry could not be printed."""
        faults = []
        for source in self.sources.values():
            where, fields = f"refs.bib:{source.line}", source.entry.fields
            missing = [
                name
                for name in ("title", *REQUIRED.get(source.entry.type, ()), "kind", "consulted")
                if not any(fields.get(n) or source.entry.persons.get(n) for n in name.split("|"))
            ]
            if source.entry.type not in REQUIRED:
                faults.append((f"{source.key!r}: unknown type @{source.entry.type}; use one of {', '.join(REQUIRED)}", where))
            elif missing:
                faults.append((f"{source.key!r} lacks {', '.join(missing)}: add what a page showed", where))
            elif fields["kind"] not in KINDS or fields["consulted"] not in CONSULTED:
                scales = f"kind is one of {', '.join(KINDS)}; consulted one of {', '.join(CONSULTED)}"
                faults.append((f"{source.key!r}: {scales}", where))
            elif source.passive and source.get("via") not in self.sources:
                faults.append((f"{source.key!r} was not seen: name in `via` the entry through which it is cited", where))
        stop(faults, "citations")

    def _read_consulted(self) -> dict[str, list[dict]]:
        """The rows of data/consulted.csv by key. Warns of unknown keys, columns and empty looks."""
        looks: dict[str, list[dict]] = defaultdict(list)
        path = Path(self.env.config.root, "data/consulted.csv")
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if reader.fieldnames != CONSULTED_COLUMNS:
                self.warn(f"columns must be {','.join(CONSULTED_COLUMNS)}", "data/consulted.csv:1")
                return looks
            for row in reader:
                where = f"data/consulted.csv:{reader.line_num}"
                if row["key"] not in self.sources:
                    self.warn(f"no entry {row['key']!r} in refs.bib: mend the key or delete the row", where)
                if None in row:
                    self.warn(f"has more than {len(CONSULTED_COLUMNS)} columns: put what was seen between double quotes", where)
                if None in row.values() or not (row["address"] and row["date"] and row["seen"]):
                    self.warn("a look needs its address, its date and what was seen", where)
                looks[row["key"]].append(row)
        return looks

    def warn(self, message: str, location):
        logger.warning(message, location=location, type="citations")

    def clear_doc(self, docname):
        super().clear_doc(docname)
        self.data["lists"] = {kind: doc for kind, doc in self.data["lists"].items() if doc != docname}

    def merge_domaindata(self, docnames, otherdata):
        super().merge_domaindata(docnames, otherdata)
        self.data["lists"] |= {kind: doc for kind, doc in otherdata["lists"].items() if doc in docnames}

    def resolve_xref(self, env, fromdocname, builder, typ, target, node, contnode):
        """The citation as an inline of links, one a work, in the author's order."""
        out = nodes.inline("", classes=["citation"], ids=node["ids"])
        works = [(t, self.sources[t.key]) for t in parse_citation_targets(target) if t.key in self.sources]
        for number, (work, source) in enumerate(works):
            if number:
                out += nodes.Text("; ")
            before = f"{work.pre} " if work.pre else ""
            after = f", {locator(work.post)}" if work.post else ""
            shown = source.year if typ == "t" else f"{source.names} {source.year}"
            link = nodes.reference("", shown, internal=True, classes=["cite"])
            if page := self.data["lists"].get(source.get("kind")):
                link["refuri"] = builder.get_relative_uri(fromdocname, page) + f"#cite-{source.key}"
            lead = f"{source.names} ({before}" if typ == "t" else before
            out += [nodes.Text(lead), link, nodes.Text(f"{after})" if typ == "t" else after)]
        return out if typ == "t" else nodes.inline("", "(", *out.children, nodes.Text(")"), classes=["citation"], ids=node["ids"])


def locator(text: str) -> str:
    """A locator as printed: no break after an abbreviation."""
    return typographic(re.sub(r"\b(pp?|ch|n|vol|no|doc|sec|l)\. ", "\\1.\N{NO-BREAK SPACE}", text))


class source_list(nodes.General, nodes.Element):
    """Placeholder of one part of the list of sources, filled by `SourceListTransform`."""


class SourceList(SphinxDirective):
    """``{sources} primary``: the entries of one kind. Error: a kind that does not exist."""

    required_arguments = 1

    def run(self):
        if self.arguments[0] not in KINDS:
            raise self.error(f"{self.arguments[0]!r} is no kind of source; use one of {', '.join(KINDS)}")
        domain = self.env.get_domain("cite")
        domain.data["lists"][self.arguments[0]] = self.env.docname
        node = source_list(kind=self.arguments[0])
        for source in domain.sources.values():
            if source.get("kind") == self.arguments[0]:
                target = nodes.target(ids=[f"cite-{source.key}"])
                self.state.document.note_explicit_target(target, target)
        return [node]


class SourceCounts(SphinxDirective):
    """``{source-counts}``: how many works of each kind were consulted in which way."""

    def run(self):
        self.env.note_dependency(str(Path(self.env.config.root, "refs.bib")))
        count = Counter((source.get("kind"), source.get("consulted")) for source in self.env.get_domain("cite").sources.values())
        rows = [["How consulted", *KINDS.values(), "All"]]
        for depth, name in CONSULTED.items():
            numbers = [count[kind, depth] for kind in KINDS]
            rows.append([name.capitalize(), *map(str, numbers), str(sum(numbers))])
        return [count_table(rows, (2, *(1 for _ in KINDS), 1))]


class SourceListTransform(SphinxPostTransform):
    """Fills each `source_list` with entries, marks and links back."""

    default_priority = 5  # before references are resolved

    def run(self, **kwargs):
        lists = list(self.document.findall(source_list))
        if not lists:
            return
        domain, places = self.env.get_domain("cite"), defaultdict(list)
        order = {doc: i for i, doc in enumerate(reading_order(self.env))}
        for ref in sorted(domain.citation_refs, key=lambda ref: order.get(ref.docname, len(order))):
            for key in {target.key for target in ref.targets}:
                places[key].append((ref.docname, ref.citation_ref_id))
        for node in lists:
            chosen = [s for s in domain.sources.values() if s.get("kind") == node["kind"]]
            entries = [self.entry(domain, s, places[s.key]) for s in sorted(chosen, key=lambda s: s.sort_key)]
            entries[0]["classes"].append("bib-first")
            node.replace_self(entries)

    def entry(self, domain, source, places) -> nodes.container:
        text = nodes.paragraph("", "", *source.text().render(Backend()), classes=["entry"])
        mark = source.mark(domain.sources.get(source.get("via")))
        text += nodes.inline("", f"[{mark[0].upper()}{mark[1:].removesuffix('.')}.]", classes=["consulted", f"consulted-{source.get('consulted')}"])
        out = nodes.container("", text, classes=["bib-entry"], ids=[f"cite-{source.key}"])
        if places:
            out += nodes.paragraph("", "", nodes.Text("Cited in "), *self.back_links(places), classes=["cited-in"])
        return out

    def back_links(self, places):
        """A link to each of `places`, which stand in the order of reading: its chapter's name once, numbers behind it."""
        titles, totals, seen = self.env.titles, Counter(doc for doc, _ in places), Counter()
        for number, (doc, anchor) in enumerate(places):
            chapter = self.env.toc_secnumbers.get(doc, {}).get("")
            name = f"chapter {chapter[0]}" if chapter else titles[doc].astext()
            seen[doc] += 1
            if totals[doc] > 1:
                name = f"{name} ({seen[doc]})" if seen[doc] == 1 else f"({seen[doc]})"
            uri = self.env._app.builder.get_relative_uri(self.env.docname, doc) + f"#{anchor}"
            if number:
                yield nodes.Text(" " if seen[doc] > 1 else ", ")
            yield nodes.reference("", name, internal=True, refuri=uri)


def read_bibliography(app):
    """Reads refs.bib (again only when it has changed). Stops the build with file and line when it cannot be read."""
    domain = app.env.get_domain("cite")
    files = [Path(app.confdir) / name for name in app.config.bibtex_bibfiles]
    try:
        domain.data["bibdata"] = process_bibdata(domain.bibdata, files, "utf-8")
    except (PybtexError, UnicodeError) as error:
        line = getattr(error, "lineno", 1)
        stop([(f"cannot be read: {error}; mend the entry above that line", f"{files[0].name}:{line}")], "citations")
    domain.check_entries()


def setup(app):
    # sphinxcontrib.bibtex is used as a library: its own setup would add roles, directives and settings that the book does not allow.
    app.add_config_value("bibtex_bibfiles", [], "env", list)
    app.add_domain(Citations)
    app.connect("builder-inited", read_bibliography)
    app.connect("env-updated", lambda app, env: env.get_domain("cite").env_updated())
    app.add_node(source_list)
    app.add_directive("sources", SourceList)
    app.add_directive("source-counts", SourceCounts)
    app.add_post_transform(SourceListTransform)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}

"""The register: every claim of the essay with verdict and finding, and every quotation with who has seen it.

``data/claims/<part>/<chapter>.toml`` holds the claims whose home is that chapter (written or not: `title` says what it will be called), ``data/quotations.toml`` the quotations. A role marks the place in the
running text, directives print a chapter's claims, a part's claims in full, the counts and the quotations. `Register` checks what an entry needs; what
lacks it stops the build with file, line and cure.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from pathlib import Path, PurePosixPath

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.domains import Domain, ObjType
from sphinx.roles import XRefRole
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole
from sphinx.util.nodes import make_refnode
from sphinxcontrib.bibtex.citation_target import parse_citation_targets

from .shared import count_table, stop, typographic

logger = logging.getLogger(__name__)

VERDICTS = {
    "supported": "supported",
    "with qualification": "supported, with qualification",
    "imprecise": "imprecise",
    "disputed": "disputed",
    "mistaken": "mistaken",
    "a judgement": "a judgement",
    "not checked": "not checked",
}
NUMBERS = "no one two three four five six seven eight nine ten eleven twelve".split()
RATINGS = {"mistaken": 1, "imprecise": 2, "with qualification": 3, "supported": 4}  # for ClaimReview; the others are not rated
WEIGHTS, KINDS = ("pillar", "support", "detail"), ("event", "number", "quotation", "interpretation")
BEARINGS = ("supports", "disputes", "qualifies", "background")
CLAIM_FIELDS = {"claim": str, "kind": str, "weight": str, "verdict": str, "finding": str, "sources": list}
QUOTATION_FIELDS = {"speaker": str, "wording": str, "key": str, "agrees": str}
SHORTEST_FINDING, REGISTERED = 25, 12  # words
CITATION = re.compile(r"\{cite:[pt]\}`([^`]+)`")


def slug(text: str) -> str:
    return text.replace(" ", "-")


def words(text: str) -> list[str]:
    """The words of a passage, for comparing: quotation marks, ellipses and case left out."""
    return re.findall(r"[\w'-]+", re.sub(r"\{[\w:]+\}`[^`]*`", "", text).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").casefold())


def keys_cited(text: str) -> set[str]:
    """The keys that a text of MyST cites."""
    return {target.key for roles in CITATION.findall(text) for target in parse_citation_targets(roles)}


class Register:
    """All claims and quotations, read from their files below `root`. `places[id]` is file:line; `faults` what is wrong, as (message, place)."""

    def __init__(self, root: Path):
        self.claims, self.quotations, self.places, self.faults = {}, {}, {}, []
        self.chapters: dict[str, tuple[str, str]] = {}  # name of the chapter: (folder of its part, title)
        for path in sorted((root / "data/claims").glob("*/*.toml"), key=lambda path: path.stem):
            entries = self._read(root, path)
            self.chapters[path.stem] = path.parent.name, entries.pop("title", path.stem)
            for id, claim in entries.items():
                self._check(id, claim, CLAIM_FIELDS)
                self.claims[id] = claim | {"chapter": path.stem}
        for id, quotation in self._read(root, root / "data/quotations.toml").items():
            self._check(id, quotation, QUOTATION_FIELDS)
            self.quotations[id] = quotation
        self._check_claims()
        self.aliases = {alias: id for id, claim in self.claims.items() for alias in claim.get("aliases", [])}

    def _read(self, root: Path, path: Path) -> dict:
        name = path.relative_to(root).as_posix()
        try:
            text = path.read_text("utf-8")
            entries = tomllib.loads(text)
        except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
            line = re.search(r"at line (\d+)", str(error))
            self.faults.append((f"cannot be read: {error}; mend the file", f"{name}:{line[1] if line else 1}"))
            return {}
        for number, line in enumerate(text.splitlines(), 1):
            if found := re.match(r"\[([\w-]+)\]", line):
                self.places[found[1]] = f"{name}:{number}"
        for id in [id for id, entry in entries.items() if not isinstance(entry, str if id == "title" else dict)]:
            self.faults.append((f"{id} stands outside an entry: put it under a line with the entry's id, [one-01] say", f"{name}:1"))
            del entries[id]
        return entries

    def fault(self, id: str, message: str):
        self.faults.append((f"{id}: {message}", self.places.get(id, "data/claims")))

    def _check(self, id: str, entry: dict, fields: dict):
        if id in self.claims or id in self.quotations:
            self.fault(id, "stands twice in the register: give each entry an id of its own")
        for name, kind in fields.items():
            if not isinstance(entry.get(name), kind) or not entry[name]:
                self.fault(id, f"has no {name}: add it")
                entry[name] = kind()
        for name, kind in (("sources", dict), ("aliases", str)):
            if not isinstance(entry.get(name, []), list) or not all(isinstance(item, kind) for item in entry.get(name, [])):
                self.fault(id, f'{name} cannot be read: write sources = [{{key = "…", bearing = "supports"}}], aliases = ["…"]')
                entry[name] = []

    def _check_claims(self):
        findings = Counter(" ".join(words(claim["finding"])) for claim in self.claims.values())
        for id, claim in self.claims.items():
            for field, scale in (("verdict", VERDICTS), ("weight", WEIGHTS), ("kind", KINDS)):
                if claim[field] and claim[field] not in scale:
                    self.fault(id, f"{field} {claim[field]!r} is not on the scale: use one of {', '.join(scale)}")
            if claim["finding"] and len(words(claim["finding"])) < SHORTEST_FINDING:
                self.fault(id, f"finding has fewer than {SHORTEST_FINDING} words: say what was found")
            if findings[" ".join(words(claim["finding"]))] > 1:
                self.fault(id, "finding is the same as another's: merge the claims with `aliases`, or say what differs")
            if claim["finding"] and not CITATION.search(claim["finding"]) and claim["verdict"] != "not checked":
                self.fault(id, "finding cites nothing: cite what it rests on")
            try:
                cited, listed = keys_cited(claim["finding"]), {source.get("key", "") for source in claim["sources"]}
            except ValueError as error:
                self.fault(id, f"{error}: write {{cite:p}}`key{{locator}}`")
                claim["finding"] = ""
                continue
            for key in sorted(cited ^ listed):
                self.fault(id, f"{key!r} is {'cited in the finding and not' if key in cited else 'not cited in the finding but'} among the sources: make the two agree")
            bearings = {source.get("bearing") for source in claim["sources"]}
            if bearings - set(BEARINGS):
                self.fault(id, f"bearing of a source must be one of {', '.join(BEARINGS)}")
            if claim["verdict"] == "disputed" and not {"supports", "disputes"} <= bearings:
                self.fault(id, "disputed needs a source that supports and one that disputes: name both sides")

    def counts(self) -> Counter:
        """How many of the essay's claims (no rivals) there are by (weight, verdict); "all" sums the weights, "" the verdicts."""
        mine = [claim for claim in self.claims.values() if not claim.get("rival")]
        return Counter((weight, verdict) for claim in mine for weight in (claim["weight"], "all") for verdict in (claim["verdict"], ""))

    def check_keys(self, known):
        """Adds a fault for each key, in findings and sources, that `known` (keys of refs.bib) does not hold."""
        for id, claim in self.claims.items():
            for key in sorted(keys_cited(claim["finding"]) - set(known)):
                self.fault(id, f"no entry {key!r} in refs.bib: add it, or mend the key")
        for id, quotation in self.quotations.items():
            if quotation["key"] not in known:
                self.fault(id, f"no entry {quotation['key']!r} in refs.bib: add it, or mend the key")


class ClaimDomain(Domain):
    """Knows the register, where each claim is marked in the prose, and the page on which its finding stands."""

    name, label = "claims", "Claims"
    object_types = {"claim": ObjType("claim", "ref")}
    roles = {"ref": XRefRole()}
    initial_data = {"pages": {}, "marks": {}}
    data_version = 1

    @property
    def register(self) -> Register:
        if not hasattr(self, "_register"):
            self._register = Register(Path(self.env.config.root))
        return self._register

    def claim(self, id: str) -> dict | None:
        return self.register.claims.get(self.register.aliases.get(id, id))

    def clear_doc(self, docname):
        self.data["pages"] = {id: doc for id, doc in self.data["pages"].items() if doc != docname}
        self.data["marks"].pop(docname, None)

    def merge_domaindata(self, docnames, otherdata):
        self.data["pages"] |= {id: doc for id, doc in otherdata["pages"].items() if doc in docnames}
        self.data["marks"] |= {doc: ids for doc, ids in otherdata["marks"].items() if doc in docnames}

    def resolve_xref(self, env, fromdocname, builder, typ, target, node, contnode):
        id = self.register.aliases.get(target, target)
        if id in self.data["pages"]:
            return make_refnode(builder, fromdocname, self.data["pages"][id], id, contnode)
        return None

    def get_objects(self):
        for id, doc in self.data["pages"].items():
            yield id, id, "claim", doc, id, -1


class Mark(XRefRole):
    """``{claim}`id```: the place where the text deals with a claim, marked with its verdict and linked to its finding."""

    def run(self):
        claim = self.env.get_domain("claims").claim(self.text)
        if claim is None:
            where = (self.env.docname, self.lineno)
            logger.warning(f"no claim {self.text!r} in data/claims: add it, or mend the id", location=where, type="claims")
            return [nodes.inline("", "?")], []
        self.env.get_domain("claims").data["marks"].setdefault(self.env.docname, []).append(self.text)
        note_files(self.env)
        return [link_to(self.env, self.text, f"\N{LOZENGE}\N{NO-BREAK SPACE}{claim['verdict']}", ["claim-mark", f"verdict-{slug(claim['verdict'])}"])], []


class Count(SphinxRole):
    """``{claim-count}`weight``` or ``{claim-count}`weight/verdict```: how many of the essay's claims there are, rivals left out; in words up to twelve.

    ``all`` stands for every weight.
    """

    def run(self):
        weight, _, verdict = self.text.partition("/")
        if weight not in {*WEIGHTS, "all"} or verdict not in {*VERDICTS, ""}:
            message = f"no claims are counted as {self.text!r}: write {', '.join(WEIGHTS)} or all, and if need be /{', /'.join(VERDICTS)} behind it"
            logger.warning(message, location=(self.env.docname, self.lineno), type="claims")
            return [nodes.inline("", "?")], []
        note_files(self.env)
        number = self.env.get_domain("claims").register.counts()[weight, verdict]
        return [nodes.inline("", NUMBERS[number] if number < len(NUMBERS) else str(number), classes=["claim-count"])], []


def link_to(env, id: str, text: str, classes: list[str]) -> addnodes.pending_xref:
    inner = nodes.inline("", text, classes=classes)
    return addnodes.pending_xref("", inner, refdomain="claims", reftype="ref", reftarget=id, refdoc=env.docname, refwarn=True)


def note_files(env):
    for path in [*Path(env.config.root, "data/claims").rglob("*.toml"), Path(env.config.root, "data/quotations.toml")]:
        env.note_dependency(str(path))


class RegisterDirective(SphinxDirective):
    """What the directives of the register share: parsing MyST, printing an entry."""

    def parsed(self, text: str) -> list[nodes.Node]:
        return self.parse_text_to_nodes(" ".join(text.split()))

    def entry(self, id: str, claim: dict) -> nodes.container:
        """One claim in full, an anchor by its id."""
        domain = self.env.get_domain("claims")
        domain.data["pages"][id] = self.env.docname
        essay = "rival reading" if claim.get("rival") else f"note {claim['note']}" if claim.get("note") else ""
        head = nodes.paragraph("", "", nodes.inline("", id, classes=["claim-id"]), classes=["claim-head"])
        for name, text in (("verdict", VERDICTS[claim["verdict"]]), ("weight", claim["weight"]), ("kind", claim["kind"]), ("essay", essay)):
            if text:
                head += [nodes.Text("\N{NO-BREAK SPACE}\N{MIDDLE DOT} "), nodes.inline("", text, classes=[name])]
        statement = nodes.paragraph("", "", *self.parse_inline(claim["claim"], lineno=self.lineno)[0], classes=["claim-statement"])
        out = nodes.container("", head, statement, *self.parsed(claim["finding"]), ids=[id], names=[id])
        out["classes"] = ["claim", f"verdict-{slug(claim['verdict'])}", f"weight-{claim['weight']}"]
        for alias in claim.get("aliases", []):
            domain.data["pages"][alias] = self.env.docname
            out["ids"].append(alias)
        self.state.document.note_explicit_target(out, out)
        out += self.sources(claim)
        return out

    def sources(self, claim: dict) -> nodes.paragraph:
        out = nodes.paragraph(classes=["claim-sources"])
        for bearing in BEARINGS:
            keys = [source["key"] + (f"{{{source['locator']}}}" if source.get("locator") else "") for source in claim["sources"] if source["bearing"] == bearing]
            if keys:
                text = f"{{cite:p}}`{','.join(keys)}`"
                out += [nodes.Text(". " if len(out) else ""), nodes.inline("", bearing.capitalize(), classes=["bearing"]), nodes.Text(" ")]
                out += self.parse_inline(text, lineno=self.lineno)[0]
        out += nodes.Text(".")
        return out


class Claims(RegisterDirective):
    """``{claims}``: pillars and supports of this chapter in brief. ``{claims} folder``: all claims of that part, in full, by chapter.

    Option ``weight``: all claims of that weight in brief, whatever their chapter. Error: a folder that data/claims does not have.
    """

    optional_arguments = 1
    option_spec = {"weight": lambda text: directives.choice(text, WEIGHTS)}

    def run(self):
        note_files(self.env)
        claims = self.env.get_domain("claims").register.claims
        if weight := self.options.get("weight"):
            chosen = {id: claim for id, claim in claims.items() if claim["weight"] == weight and not claim.get("rival")}
            return [nodes.container("", *(self.brief(id, claim) for id, claim in chosen.items()), classes=["claim-list"])]
        if not self.arguments:
            here = PurePosixPath(self.env.docname).name
            chosen = {id: claim for id, claim in claims.items() if claim["chapter"] == here}
            shown = [self.brief(id, claim) for id, claim in chosen.items() if claim["weight"] != "detail"]
            details = len(chosen) - len(shown)
            rest = f"The register at the back has {details} claim{'s' * (details > 1)} of detail more." if details else ""
            return [nodes.container("", *shown, classes=["claim-list"]), *([nodes.paragraph("", rest, classes=["claim-rest"])] if rest else [])]
        part, out = self.arguments[0], []
        for chapter, (folder, title) in self.env.get_domain("claims").register.chapters.items():
            if folder == part:
                mine = [(id, claim) for id, claim in claims.items() if claim["chapter"] == chapter]
                mine.sort(key=lambda item: (WEIGHTS.index(item[1]["weight"]), item[0]))  # what carries the argument first
                entries = [self.entry(id, claim) for id, claim in mine]
                out.append(nodes.section("", self.title(part, chapter, title), *entries, ids=[f"claims-{chapter}"], names=[f"claims-{chapter}"]))
        if not out:
            raise self.error(f"no folder {part!r} in data/claims: name the folder of a part")
        return out

    def title(self, part: str, chapter: str, title: str) -> nodes.title:
        """The chapter's title as a link to it, or as plain words while it is not written."""
        if f"{part}/{chapter}" not in self.env.found_docs:
            return nodes.title("", f"{title} (chapter not yet written)")
        target = {"refdomain": "std", "reftype": "doc", "reftarget": f"/{part}/{chapter}", "refdoc": self.env.docname}
        return nodes.title("", "", addnodes.pending_xref("", nodes.inline(), refexplicit=False, refwarn=True, **target))

    def brief(self, id, claim):
        mark = link_to(self.env, id, VERDICTS[claim["verdict"]], ["verdict"])
        text = self.parse_inline(claim["claim"], lineno=self.lineno)[0]
        line = nodes.paragraph("", "", *text, nodes.Text(" "), mark, classes=["claim-statement"])
        return nodes.container("", line, classes=["claim", "brief", f"verdict-{slug(claim['verdict'])}"])


class Counts(SphinxDirective):
    """``{claim-counts}``: verdicts counted by weight, rivals left out, never as a score."""

    def run(self):
        note_files(self.env)
        count = self.env.get_domain("claims").register.counts()
        rows = [["Verdict", *(weight.capitalize() for weight in WEIGHTS), "All"]]
        for verdict, name in VERDICTS.items():
            rows.append([name.capitalize(), *(str(count[weight, verdict]) for weight in (*WEIGHTS, "all"))])
        return [count_table(rows, (3, 1, 1, 1, 1))]


class Quotations(RegisterDirective):
    """``{quotations}``: the register of quotations: who said it, where it was seen, whether the essay's wording agrees."""

    def run(self):
        note_files(self.env)
        out = []
        for id, entry in self.env.get_domain("claims").register.quotations.items():
            place = f"{{cite:t}}`{entry['key']}" + (f"{{{entry['locator']}}}" if entry.get("locator") else "") + "`"
            head = nodes.paragraph("", "", nodes.inline("", entry["speaker"], classes=["claim-id"]), nodes.Text("\N{NO-BREAK SPACE}\N{MIDDLE DOT} "), classes=["claim-head"])
            head += self.parse_inline(place, lineno=self.lineno)[0]
            inner = typographic(entry["wording"]).translate({0x201C: 0x2018, 0x201D: 0x2019})  # single marks within double ones
            quote = nodes.paragraph("", f"\N{LEFT DOUBLE QUOTATION MARK}{inner}\N{RIGHT DOUBLE QUOTATION MARK}", classes=["claim-statement"])
            said = self.parsed(f"{entry['agrees']} {entry.get('note', '')}")
            out.append(nodes.container("", head, quote, *said, ids=[id, *entry.get("aliases", [])], classes=["claim", "quotation"]))
        return out


def read_register(app):
    """Reads the register. Ends the build, a message a fault with file, line and cure, when it is not sound."""
    register = app.env.get_domain("claims").register
    register.check_keys(app.env.get_domain("cite").sources)
    stop(register.faults, "claims")


def check_marks(app, env):
    """Warns of claims that their home chapter does not mark."""
    domain = env.get_domain("claims")
    register = domain.register
    homes = {PurePosixPath(doc).name: doc for doc in env.found_docs}
    for id, claim in register.claims.items():
        home = homes.get(claim["chapter"])
        if home is not None and not {id, *claim.get("aliases", [])} & set(domain.data["marks"].get(home, [])):
            message = f"{id}: not marked in {home}.md: put {{claim}}`{id}` where the text deals with it"
            logger.warning(message, location=register.places[id], type="claims")
    return []


def check_quotations(app, docname, content):
    """Every quotation of twelve words or more must stand in the register, word for word."""
    known = [" ".join(words(entry["wording"])) for entry in app.env.get_domain("claims").register.quotations.values()]
    for found in re.finditer("\N{LEFT DOUBLE QUOTATION MARK}([^\N{RIGHT DOUBLE QUOTATION MARK}]+)\N{RIGHT DOUBLE QUOTATION MARK}", content[0]):
        for piece in re.split(r"\s*(?:\.\.\.|\N{HORIZONTAL ELLIPSIS}|\[[^\]]*\])\s*", found[1]):
            said = words(piece)
            if len(said) >= REGISTERED and not any(" ".join(said) in text for text in known):
                line = content[0].count("\n", 0, found.start()) + 1
                message = f"quotation of {len(said)} words is not in data/quotations.toml: register the wording that was seen, or paraphrase"
                logger.warning(message, location=(docname, line), type="claims")


def review_claims(app, pagename, templatename, context, doctree):
    """Adds schema.org ClaimReview to pages of the register, for claims of fact with a verdict that settles them."""
    domain, book = app.env.get_domain("claims"), app.config.book
    reviews = []
    for id, claim in domain.register.claims.items():
        of_fact = claim["kind"] != "interpretation" and claim["verdict"] in RATINGS and not claim.get("rival")
        if domain.data["pages"].get(id) == pagename and of_fact:
            rating = {"@type": "Rating", "ratingValue": RATINGS[claim["verdict"]], "worstRating": 1, "bestRating": 4, "alternateName": VERDICTS[claim["verdict"]]}
            essay = {"@type": "CreativeWork", "name": book["essay"]["title"], "url": book["essay"]["url"], "author": {"@type": "Person", "name": book["essay"]["author"]}}
            reviews.append(
                {
                    "@context": "https://schema.org", "@type": "ClaimReview", "url": f"{book['url']}{pagename}.html#{id}", "claimReviewed": claim["claim"].replace("*", ""),
                    "author": {"@type": "Organization", "name": book["author"]}, "reviewRating": rating, "itemReviewed": essay,
                }
            )  # fmt: skip
    if reviews:
        data = json.dumps(reviews, ensure_ascii=False).replace("</", "<\\/")
        context["metatags"] = context.get("metatags", "") + f'<script type="application/ld+json">{data}</script>'


def setup(app):
    app.add_domain(ClaimDomain)
    app.add_role("claim", Mark())
    app.add_role("claim-count", Count())
    app.add_directive("claims", Claims)
    app.add_directive("claim-counts", Counts)
    app.add_directive("quotations", Quotations)
    app.connect("builder-inited", read_register, priority=600)  # after refs.bib
    app.connect("env-updated", check_marks)
    app.connect("source-read", check_quotations)
    app.connect("html-page-context", review_claims)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}

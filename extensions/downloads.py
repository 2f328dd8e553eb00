"""What a reader can take away from the site besides the book: the register, the sources and the tables, as files under downloads/."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

CSL_TYPES = {  # BibTeX type: the type of the Citation Style Language
    "article": "article-journal", "book": "book", "incollection": "chapter", "thesis": "thesis", "report": "report", "online": "webpage",
    "archival": "manuscript", "newspaper": "article-newspaper",
}  # fmt: skip
CSL_FIELDS = {
    "title": "title", "journal": "container-title", "booktitle": "container-title", "volume": "volume", "number": "issue", "pages": "page", "publisher": "publisher",
    "institution": "publisher", "address": "publisher-place", "archive": "archive", "doi": "DOI", "url": "URL", "langid": "language",
}  # fmt: skip
CLAIM_COLUMNS = ("id", "chapter", "line", "note", "weight", "kind", "verdict", "claim", "finding", "sources")
FILES = {
    "claims.json": "the register of claims, findings in MyST",
    "claims.csv": "the same as a table",
    "refs.bib": "the bibliography as BibTeX",
    "references.json": "the bibliography as CSL-JSON, for reference managers",
    "consulted.csv": "the record of what was looked at, where and when",
    "datapackage.json": "the tables’ description, as a Data Package; the tables lie beside it in series/",
}


def csl_item(entry) -> dict:
    """One pybtex entry as an item of CSL-JSON (https://github.com/citation-style-language/schema). Braces are dropped, unknown fields left out."""

    def bare(text: str) -> str:
        return re.sub(r"[{}\\]", "", text).replace("--", "\N{EN DASH}")

    def person(p) -> dict:
        family = bare(" ".join(p.prelast_names + p.last_names))
        given = bare(" ".join(p.first_names + p.middle_names))
        return {"family": family, "given": given} if given else {"literal": family}

    item = {"id": entry.key, "type": CSL_TYPES[entry.type]}
    item |= {csl: bare(entry.fields[name]) for name, csl in CSL_FIELDS.items() if entry.fields.get(name)}
    item |= {role: [person(p) for p in people] for role, people in entry.persons.items() if people}
    for name, csl in (("year", "issued"), ("origyear", "original-date")):
        if year := re.match(r"\d{4}", entry.fields.get(name, "")):
            item[csl] = {"date-parts": [[int(year[0])]]}
    return item


def write_downloads(app, exception):
    """Writes the files of FILES, and the tables, into downloads/ of the finished site."""
    if exception or app.builder.name != "html":
        return
    root, out = Path(app.confdir), Path(app.outdir, "downloads")
    shutil.rmtree(out, ignore_errors=True)
    (out / "series").mkdir(parents=True)
    claims = [{"id": id, **claim} for id, claim in app.env.get_domain("claims").register.claims.items()]
    items = [csl_item(entry) for entry in app.env.get_domain("cite").bibdata.data.entries.values()]
    for name, data in (("claims.json", claims), ("references.json", items)):
        (out / name).write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", "utf-8")
    with (out / "claims.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, CLAIM_COLUMNS, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(claim | {"sources": "; ".join(f"{s['bearing']} {s['key']}" for s in claim["sources"])} for claim in claims)
    for name in ("refs.bib", "data/consulted.csv", "data/datapackage.json"):
        shutil.copyfile(root / name, out / Path(name).name)
    for path in sorted((root / "data/series").glob("*.csv")):
        shutil.copyfile(path, out / "series" / path.name)
    write_references(app)


def cite_file(docname: str) -> str:
    """Where the references to a page lie, from the site's root, without their endings."""
    return f"downloads/cite/{docname.replace('/', '-')}"


def write_references(app):
    """How to cite the book and each of its pages, as BibTeX and RIS, for reference managers."""
    book, env = app.config.book, app.env
    whole, year = f"{book['title']}: {book['subtitle']}", book["date"][:4]
    for doc in sorted(env.found_docs):
        number, part = next(iter(env.toc_secnumbers.get(doc, {}).values()), ()), doc != app.config.root_doc
        title, url = env.titles[doc].astext() if part else whole, book["url"] + app.builder.get_target_uri(doc)
        bib = (
            {"author": f"{{{{{book['author']}}}}}", "title": f"{{{title}}}"} | ({"booktitle": f"{{{whole}}}"} if part else {}) | ({"chapter": f"{{{number[0]}}}"} if number else {})
        )
        bib |= {"year": f"{{{year}}}", "edition": f"{{version {book['version']}, {book['commit']}}}", "url": f"{{{url}}}"}
        ris = [("TY", "CHAP" if part else "BOOK"), ("AU", book["author"]), ("TI", title), *([("T2", whole)] if part else []), *([("SE", str(number[0]))] if number else [])]
        ris += [("PY", year), ("ET", f"version {book['version']}, {book['commit']}"), ("LA", book["language"]), ("UR", url), ("ER", "")]
        fields = ",\n".join(f"  {name} = {value}" for name, value in bib.items())
        path = Path(app.outdir, cite_file(doc))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(path.name + ".bib").write_text(f"@{'incollection' if part else 'book'}{{{path.name},\n{fields},\n}}\n", "utf-8")
        path.with_name(path.name + ".ris").write_text("".join(f"{tag}  - {value}\n" for tag, value in ris), "utf-8")


def offer_references(app, pagename, templatename, context, doctree):
    """Tells the page where its references lie."""
    context["cite_file"] = cite_file(pagename) if pagename in app.env.found_docs else ""


class Downloads(SphinxDirective):
    """``{downloads}``: the list of files, linked to their place on the site, from the ePub and the PDF too."""

    def run(self):
        site = self.config.book["url"]
        links = [(nodes.reference("", name, refuri=f"{site}downloads/{name}", classes=["site-file"]), what) for name, what in FILES.items()]
        return [nodes.bullet_list("", *(nodes.list_item("", nodes.paragraph("", "", link, nodes.Text(f": {what}"))) for link, what in links))]


def make_relative(app, doctree, docname):
    """On the site itself the files lie beside the pages, wherever it is hosted."""
    if app.builder.name == "html":
        for link in doctree.findall(lambda node: "site-file" in getattr(node, "attributes", {}).get("classes", ())):
            link["refuri"] = "../" * docname.count("/") + link["refuri"].removeprefix(app.config.book["url"])


def setup(app):
    app.add_directive("downloads", Downloads)
    app.connect("doctree-resolved", make_relative)
    app.connect("html-page-context", offer_references)
    app.connect("build-finished", write_downloads, priority=400)  # before the site is tuned
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}

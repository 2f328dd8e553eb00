"""Numbers of chapters, charts and tables: a chapter has that of its file, whatever its part, and references are made from the numbers alone."""

from __future__ import annotations

import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode


def restore_counted(app, env):
    """Before Sphinx counts again: gives it back the numbers that it counted itself, so that it finds changed only what has changed."""
    env.toc_secnumbers, env.toc_fignumbers = getattr(env, "counted_numbers", ({}, {}))
    return []


def number_chapters(app, env):
    """A chapter's number is the one its file's name begins with: numbers run on across the parts, also while some are not written.

    Sphinx numbers each toctree from 1; this corrects the numbers of documents, of links in tables of contents, and of charts and tables.
    """
    env.counted_numbers = dict(env.toc_secnumbers), dict(env.toc_fignumbers)
    for doc, numbers in env.counted_numbers[0].items():
        if found := re.match(r"(\d+)-", Path(doc).name):
            chapter = (int(found[1]),)
            env.toc_secnumbers[doc] = {anchor: number and chapter + number[1:] for anchor, number in numbers.items()}
            env.titles[doc]["secnumber"] = chapter
            figures = env.toc_fignumbers.get(doc, {})
            env.toc_fignumbers[doc] = {kind: {id: (*chapter, place) for place, id in enumerate(ids, 1)} for kind, ids in figures.items()}
            for link in (link for toc in env.tocs.values() for link in toc.findall(nodes.reference)):
                if link.get("refuri") == doc and link.get("secnumber"):
                    link["secnumber"] = chapter + tuple(link["secnumber"][1:])
    return []


class NumberedReferences(SphinxPostTransform):
    """Resolves ``{numref}`` to a chart, table or chapter from the numbers alone; Sphinx would load the chapter that holds it for each."""

    default_priority = 9  # before Sphinx's own

    def run(self, **kwargs):
        for link in list(self.document.findall(lambda node: isinstance(node, addnodes.pending_xref) and node["reftype"] == "numref")):
            doc, id, _ = self.env.get_domain("std").labels.get(link["reftarget"], ("", "", ""))
            sections = self.env.toc_secnumbers.get(doc, {})
            kinds = self.env.toc_fignumbers.get(doc, {}) | {"section": {id: sections.get(f"#{id}", sections.get(""))}}
            kind, number = next((kind, numbers[id]) for kind, numbers in kinds.items() if id in numbers)
            if number:
                name = nodes.inline("", self.config.numfig_format[kind] % ".".join(map(str, number)), classes=["std", "std-numref"])
                link.replace_self(make_refnode(self.env._app.builder, self.env.docname, doc, id, name))


def setup(app):
    app.connect("env-get-updated", restore_counted, priority=100)  # before Sphinx's collectors
    app.connect("env-get-updated", number_chapters, priority=900)  # after them
    app.add_post_transform(NumberedReferences)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}

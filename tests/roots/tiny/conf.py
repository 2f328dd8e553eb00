project = "Tiny"
version = "0"
copyright = "nobody"
html_theme = "sphinx_book_theme"
language = "en"
extensions = [
    "myst_parser",
    "extensions.book",
    "extensions.constructs",
    "extensions.numbering",
    "extensions.style",
    "extensions.citations",
    "extensions.claims",
    "extensions.data",
    "extensions.apparatus",
    "extensions.downloads",
    "extensions.reading",
    "extensions.site",
    "extensions.epub",
    "extensions.pdf",
]
myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "deflist"]
myst_footnote_sort = myst_footnote_transition = smartquotes = False
bibtex_bibfiles = ["refs.bib"]
numfig = True
numfig_format = {"figure": "Chart %s", "table": "Table %s", "section": "chapter %s"}
book = {
    "title": "Tiny",
    "subtitle": "A test",
    "author": "the tester",
    "language": "en-GB",
    "description": "A test.",
    "keywords": ["test"],
    "rights": "None.",
    "license_url": "https://example.org/",
    "identifier": "tiny",
    "url": "https://example.org/",
    "repository": "",
    "essay": {"author": "A", "title": "T", "journal": "J", "url": "https://example.org/essay"},
}

"""Settings of the book. Nothing is computed here: what the extensions need to know is said once, in words."""

# The book as every format names it. `date` and `commit` are added at build, from git or from a release's EDITION file. Both addresses stand
# for real ones until the book has them; errors are reported at the repository's issues/new.
project = "In Stalinism’s Shadow"
author = "the contributors"
version = release = "0.1"
copyright = "the contributors, CC BY 4.0"
language = "en"
book = {
    "title": "In Stalinism’s Shadow",
    "subtitle": "The Argument and the Evidence",
    "author": author,
    "language": "en-GB",
    "description": "An essay in the journal International Socialism argues that Stalinism was the grave-digger of the Russian Revolution and not its heir. This book sets that"
    " argument out at the length it needs, tests each of its claims against the record, names the rival readings, and shows its evidence.",
    "keywords": ["Stalinism", "Soviet Union", "Russian Revolution", "state capitalism", "Great Terror", "historiography"],
    "rights": "Text: Creative Commons Attribution 4.0. Code: MIT.",
    "license_url": "https://creativecommons.org/licenses/by/4.0/",
    "identifier": "in-stalinisms-shadow",
    "url": "https://in-stalinisms-shadow.example/",
    "repository": "https://forge.example/in-stalinisms-shadow/",
    "essay": {
        "author": "Tomáš Tengely-Evans",
        "title": "Stalinism’s long shadow",
        "journal": "International Socialism",
        "url": "http://isj.org.uk/shadow-stalinism/",
    },
}

# One extension a concern; the order is that of the reading: what is written, what it rests on, what it becomes.
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

# Authors write MyST with ::: fences, attribution lines and definition lists, and nothing that reaches only one format.
myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "deflist"]

# Notes stay where they are written: docutils would otherwise gather them under a rule.
myst_footnote_sort = False
myst_footnote_transition = False

# Every source is in one file; extensions.citations says what an entry needs.
bibtex_bibfiles = ["refs.bib"]

# Charts and tables are numbered within their chapter, as in print.
numfig = True
numfig_format = {"figure": "Chart %s", "table": "Table %s", "section": "chapter %s"}

# Quotation marks and dashes are typed as they should print.
smartquotes = False

# The site is sphinx-book-theme, tuned by extensions.reading and theme/html; the extension brings its own templates and files.
html_theme = "sphinx_book_theme"

# The address that the site is meant for: canonical links, the site map and the page for lost addresses count from it.
html_baseurl = book["url"]

# None of the theme's own bars and buttons: ours are in theme/html.
html_sidebars = {"**": []}
html_theme_options = {"show_prev_next": False, "back_to_top_button": False}

# Light or dark as the reader's system has it, until the reader chooses.
html_context = {"default_mode": "auto"}

# Readers get the repository's address, not a copy of each source; charts are not links to themselves.
html_copy_source = False
html_scaled_image_link = False

# What a reader can take away: name, address from the site's root (`make` puts the PDF and the ePub there), and what it is good for.
reading_downloads = [
    ("PDF", "in-stalinisms-shadow.pdf", "to print and to annotate"),
    ("ePub", "in-stalinisms-shadow.epub", "for phones and e-readers"),
    ("Data", "back/data.html", "every table, as CSV"),
]

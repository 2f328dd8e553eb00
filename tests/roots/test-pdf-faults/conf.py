extensions = ["myst_parser", "extensions.book", "extensions.constructs", "extensions.numbering", "extensions.pdf"]
myst_enable_extensions = ["colon_fence"]
myst_footnote_transition = smartquotes = False
book = {
    "title": "Faults",
    "subtitle": "A test",
    "author": "the tester",
    "language": "en-GB",
    "description": "A test.",
    "keywords": ["test"],
    "rights": "None.",
    "license_url": "https://example.org/",
    "identifier": "faults",
    "url": "https://example.org/",
    "repository": "",
    "essay": {"author": "A", "title": "T", "journal": "J", "url": "https://example.org/essay"},
}

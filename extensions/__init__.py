"""The book's Sphinx extensions, one concern each. What several need is in book.py, citations.py and cover.py; beyond that they do not import each other."""

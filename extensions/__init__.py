"""The book's Sphinx extensions, one concern each. They do not import each other: what several need is in shared.py, the cover in cover.py."""

"""The book's Sphinx extensions, one concern each. They do not import each other."""

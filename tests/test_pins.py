"""The versions whose insides this project overrides. After an upgrade: read the override, then move the number."""

from importlib.metadata import version

import pytest

PINS = {
    "sphinx": ("9.0.4", "extensions/epub.py subclasses Epub3Builder; extensions/numbering corrects toc_secnumbers"),
    "sphinxcontrib-bibtex": ("2.7.0", "extensions/citations subclasses BibtexDomain and CiteRole, and calls process_bibdata"),
    "myst-parser": ("5.2.0", "extensions/constructs reads roles and directives as MyST writes them"),
    "sphinx-book-theme": ("1.4.0", "theme/html overrides its templates"),
    "typst": ("0.15.2", "theme/pdf/book.typ and the metrics of every page"),
}


@pytest.mark.parametrize("package", PINS)
def test_pin(package):
    expected, because = PINS[package]
    assert version(package) == expected, f"{because}: read it against {package} {version(package)}, then change this number"

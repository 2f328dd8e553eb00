"""The cover, drawn at build: the title over the curve that the book is about. Upright for the ePub, level for those who show a link to the site."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).parents[1]
FONTS = ROOT / "theme/fonts"
PAPER, INK, RED, GREY = "#f6f1e7", "#1a1a1a", "#8c1c13", "#b9b4ab"


@dataclass
class Format:
    """A size in pixels, its margin, and the size of its title in pixels."""

    width: int
    height: int
    margin: int
    title: int


PORTRAIT = Format(1600, 2400, 150, 210)
CARD = Format(1200, 630, 70, 92)


def draw(book: dict, form: Format) -> bytes:
    """A PNG with the title, the subtitle and, as bars, the yearly sentences of 1921 to 1953. Raises OSError when a font or the table is missing."""
    image = Image.new("RGB", (form.width, form.height), PAPER)
    pen, y, inner = ImageDraw.Draw(image), form.margin + form.title * 0.3, form.width - 2 * form.margin
    face = font("SourceSerif4Display-Semibold", form.title)
    for line in wrapped(pen, book["title"], face, inner):
        pen.text((form.margin, y), line, INK, face)
        y += form.title * 1.12
    pen.line((form.margin, y + form.title * 0.24, form.margin + form.title * 1.05, y + form.title * 0.24), RED, form.title // 20)
    pen.text((form.margin, y + form.title * 0.48), book["subtitle"], RED, font("SourceSerif4-It", form.title * 0.44))
    bars(pen, form, top=y + form.title * 1.5, bottom=form.height - form.margin - form.title * 0.8)
    pen.text((form.margin, form.height - form.margin - form.title * 0.43), book["author"].upper(), INK, font("SourceSans3-Semibold", form.title * 0.25))
    out = io.BytesIO()
    image.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def bars(pen, form: Format, top: float, bottom: float):
    """One bar a year, the sentences to death in red."""
    years = curve(ROOT)
    step = (form.width - 2 * form.margin) / len(years)
    for number, year in enumerate(years):
        x = form.margin + number * step
        for share, colour in zip(year, (GREY, RED)):
            pen.rectangle((x, bottom - (bottom - top) * share, x + step * 0.72, bottom), colour)


def curve(root: Path) -> list[tuple[float, float]]:
    """The sentences of each year and those to death, as shares of the greatest year; none where `root` has no such table."""
    path = root / "data/series/political_sentences.csv"
    rows = csv.DictReader(path.read_text("utf-8").splitlines() if path.exists() else [])
    years = [(int(row["sentenced_total_mvd"]), int(row["death_mvd"])) for row in rows]
    return [(total / max(years)[0], death / max(years)[0]) for total, death in years]


def wrapped(pen, text: str, face, width: float) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if pen.textlength(longer, face) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def font(name: str, size: float):
    path = FONTS / f"{name}.otf"
    return ImageFont.truetype(path if path.exists() else FONTS / f"{name}.ttf", round(size))

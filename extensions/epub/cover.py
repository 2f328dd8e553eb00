"""The cover, drawn at build: the title over the curve that the book is about."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).parents[2]
FONTS = ROOT / "theme/fonts"
SIZE, MARGIN = (1600, 2400), 150
PAPER, INK, RED, GREY = "#f6f1e7", "#1a1a1a", "#8c1c13", "#b9b4ab"


def draw_cover(book: dict) -> bytes:
    """A PNG of 1600 x 2400 with the title, the subtitle and, as bars, the yearly sentences of 1921 to 1953.

    Raises OSError when a font or the table is missing.
    """
    image = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(image)
    y = MARGIN + 60
    for line in wrapped(draw, book["title"], font("SourceSerif4Display-Semibold", 210), SIZE[0] - 2 * MARGIN):
        draw.text((MARGIN, y), line, INK, font("SourceSerif4Display-Semibold", 210))
        y += 235
    draw.line((MARGIN, y + 50, MARGIN + 220, y + 50), RED, 10)
    draw.text((MARGIN, y + 100), book["subtitle"], RED, font("SourceSerif4-It", 92))
    bars(draw, top=y + 420, bottom=SIZE[1] - MARGIN - 170)
    draw.text((MARGIN, SIZE[1] - MARGIN - 90), book["author"].upper(), INK, font("SourceSans3-Semibold", 52))
    out = io.BytesIO()
    image.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def bars(draw, top: float, bottom: float):
    """One bar a year, the sentences to death in red: `data/series/political_sentences.csv`."""
    with (ROOT / "data/series/political_sentences.csv").open(encoding="utf-8") as file:
        rows = [(int(row["sentenced_total_mvd"]), int(row["death_mvd"])) for row in csv.DictReader(file)]
    step = (SIZE[0] - 2 * MARGIN) / len(rows)
    tallest = max(total for total, _ in rows)
    for number, (total, death) in enumerate(rows):
        x = MARGIN + number * step
        for value, colour in ((total, GREY), (death, RED)):
            draw.rectangle((x, bottom - (bottom - top) * value / tallest, x + step * 0.72, bottom), colour)


def wrapped(draw, text: str, face, width: float) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer, face) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def font(name: str, size: int):
    path = FONTS / f"{name}.otf"
    return ImageFont.truetype(path if path.exists() else FONTS / f"{name}.ttf", size)

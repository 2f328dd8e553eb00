"""Contact sheets of all that was built, in build/look/: every page of the PDF, ten kinds of page of the site, the ePub.

`make look` runs this after `make book`. A sheet's name says what is on it; each picture bears its number and name.
"""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pypdfium2
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).parents[1]
OUT, DIST, NAME = ROOT / "build/look", ROOT / "dist", "in-stalinisms-shadow"
LABEL = ImageFont.truetype(ROOT / "theme/fonts/SourceSans3-Semibold.ttf", 22)
# Ten kinds of page; a pattern stands for the first page that it finds.
KINDS = ["index.html", "0-front/*.html", "*/[0-9][0-9]-*.html", "back/claims/*.html", "back/data.html", "back/quotations.html", "back/glossary.html", "back/bibliography/*.html"]
KINDS += ["genindex.html", "search.html?q=prisoners"]


def sheets(name: str, pictures: list[tuple[str, Image.Image]], columns: int, rows: int):
    """Writes numbered sheets of columns x rows pictures, all cells as large as the largest picture."""
    cell = (max(image.width for _, image in pictures) + 20, max(image.height for _, image in pictures) + 44)
    for start in range(0, len(pictures), columns * rows):
        some = pictures[start : start + columns * rows]
        sheet = Image.new("RGB", (cell[0] * min(columns, len(some)), cell[1] * -(-len(some) // columns)), "#777")
        for place, (label, image) in enumerate(some):
            x, y = place % columns * cell[0] + 10, place // columns * cell[1] + 34
            ImageDraw.Draw(sheet).text((x, y - 30), f"{start + place + 1}  {label}", "white", LABEL)
            sheet.paste(image, (x, y))
        sheet.save(OUT / f"{name}-{start // (columns * rows) + 1:02}.png")


def strips(image: Image.Image, height: int) -> list[Image.Image]:
    """A tall screenshot cut into screens."""
    return [image.crop((0, top, image.width, min(top + height, image.height))) for top in range(0, image.height, height)]


def pdf():
    pages = pypdfium2.PdfDocument(DIST / f"{NAME}.pdf")
    sheets("pdf", [("", page.render(scale=1.4).to_pil()) for page in pages], 6, 2)


def screens(kind: str, folder: Path, widths: tuple[int, int], pages: list[str]):
    """Draws pages of a folder at each width, light and dark, one run of sheets for each of the four settings."""
    shots = OUT / f"shots-{kind}"
    subprocess.run(["node", ROOT / "tests/browser/look.mjs", folder, shots, ",".join(map(str, widths)), *pages], check=True)
    for width in widths:
        for colours in ("light", "dark"):
            tall = [(shot.stem.removesuffix(f"-{width}-{colours}"), Image.open(shot)) for shot in sorted(shots.glob(f"*-{width}-{colours}.png"))]
            sheets(f"{kind}-{width}-{colours}", [(name, strip) for name, image in tall for strip in strips(image, 1300)], 4000 // width, 2)
    shutil.rmtree(shots)


def main():
    if not shutil.which("node") or not shutil.which("chromium") or not (ROOT / "tests/browser/node_modules").exists():
        sys.exit("make look needs a browser and Node: apt install nodejs npm chromium && npm ci --prefix tests/browser")
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    pdf()
    site = DIST / "html"
    found = [(next(iter(sorted(site.glob(kind.partition("?")[0]))), None), kind) for kind in KINDS]
    screens("html", site, (390, 1440), [page.relative_to(site).as_posix() + "".join(kind.partition("?")[1:]) for page, kind in found if page])
    zipfile.ZipFile(DIST / f"{NAME}.epub").extractall(OUT / "epub")
    pages = sorted(path.relative_to(OUT / "epub").as_posix() for path in (OUT / "epub").rglob("*.xhtml"))
    screens("epub", OUT / "epub", (360, 600), pages)
    shutil.rmtree(OUT / "epub")
    print(f"{len(list(OUT.glob('*.png')))} sheets in {OUT}")


if __name__ == "__main__":
    main()

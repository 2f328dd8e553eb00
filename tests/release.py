"""`make release`: the book at a tag, built twice in clean checkouts, compared byte for byte, and packed into dist/release/.

What is packed: the PDF, the ePub, the site and the sources as archives, MANIFEST.txt (commit, versions of everything that built it) and SHA256SUMS.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from importlib.metadata import distributions
from pathlib import Path

FORMATS = ("html", "epub", "pdf")


class ReleaseError(Exception):
    """What stands in the way of a release, and what to do about it."""


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True)
    if done.returncode:
        raise ReleaseError(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


def tag_of(root: Path) -> str:
    """The tag of the present commit. Raises ReleaseError where there is none, or where something is not committed."""
    if changed := git(root, "status", "--porcelain", "--untracked-files=no"):
        raise ReleaseError(f"not committed: {changed.splitlines()[0].strip()}: commit it, or put it back")
    try:
        return git(root, "describe", "--exact-match", "--tags", "HEAD")
    except ReleaseError:
        raise ReleaseError("the present commit has no tag: git tag v0.1, say, and try again") from None


def build(checkout: Path) -> dict[str, bytes]:
    """Each file of the three formats, by name, as a clean checkout makes it. Raises ReleaseError with what the build said."""
    made, path = {}, os.pathsep.join([str(checkout), os.environ.get("PYTHONPATH", "")])  # its own extensions, not the installed ones
    for name in FORMATS:
        out = checkout / "build" / name
        command = [sys.executable, "-m", "sphinx", "-c", ".", "-d", "build/doctrees", "-W", "-n", "-q", "-b", name, "book", str(out)]
        done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": "0"})
        if done.returncode:
            raise ReleaseError(f"{name}: {done.stderr.strip()}")
        files = sorted(out.glob(f"*.{name}")) if name != "html" else sorted(path for path in out.rglob("*") if path.is_file() and not path.name.startswith(".buildinfo"))
        made |= {f"{name}/{path.relative_to(out).as_posix()}": path.read_bytes() for path in files}
    return made


def zipped(files: dict[str, bytes], to: Path):
    """A zip whose bytes depend on its files alone."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED, 9)


def release(root: Path) -> Path:
    """Makes dist/release/ of the repository at `root` and returns it; dist/release/ is whole or as it was. Raises ReleaseError."""
    tag = tag_of(root)
    commit, epoch = git(root, "log", "-1", "--format=%h %ct").split()
    with tempfile.TemporaryDirectory(prefix="release ") as folder:
        checkouts = [Path(folder, name) for name in ("one", "another, longer path")]
        for checkout in checkouts:
            git(root, "clone", "--quiet", "--branch", tag, str(root), str(checkout))
        first, second = map(build, checkouts)
        if differing := sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name)):
            raise ReleaseError(f"two builds of {tag} differ in {', '.join(differing[:5])}: find what depends on path or time")
        out = Path(folder, "out")
        out.mkdir()
        name = next(Path(file).stem for file in first if file.startswith("pdf/"))
        for file, data in first.items():
            if not file.startswith("html/"):
                (out / f"{name}-{tag}{Path(file).suffix}").write_bytes(data)
        zipped({file.replace("html/", f"{name}-{tag}/", 1): data for file, data in first.items() if file.startswith("html/")}, out / f"{name}-{tag}-html.zip")
        edition = Path(folder, "EDITION")  # for a build without git
        edition.write_text(f"{commit} {epoch}\n", "utf-8")
        tar = Path(folder, "source.tar")
        git(root, "archive", f"--prefix={name}-{tag}/", f"--add-file={edition}", "-o", str(tar), tag)
        (out / f"{name}-{tag}-source.tar.gz").write_bytes(gzip.compress(tar.read_bytes(), 9, mtime=int(epoch)))
        tools = sorted({f"{found.metadata['Name']} {found.version}" for found in distributions()}, key=str.casefold)
        (out / "MANIFEST.txt").write_text("\n".join([f"{name} {tag}, commit {commit}", f"Python {platform.python_version()}", *tools, ""]), "utf-8")
        sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in sorted(out.iterdir())]
        (out / "SHA256SUMS").write_text("\n".join([*sums, ""]), "utf-8")
        target = root / "dist/release"
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(exist_ok=True)
        shutil.move(out, target)
    return target


if __name__ == "__main__":
    try:
        print(*sorted(release(Path(__file__).parents[1]).iterdir()), sep="\n")
    except ReleaseError as error:
        sys.exit(f"No release: {error}")

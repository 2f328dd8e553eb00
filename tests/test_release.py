"""`make release` on a tiny repository: what it packs, and what it refuses."""

import hashlib
import shutil
import subprocess
import tarfile

import pytest
import release
from conftest import ROOT


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "repository"
    shutil.copytree(ROOT / "tests/roots/tiny", root)
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "tiny"]):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *command], cwd=root, check=True)
    return root


def test_release_is_whole_and_the_same_each_time(repository):
    subprocess.run(["git", "tag", "v1"], cwd=repository, check=True)
    out = release.release(repository)
    files = {path.name: path.read_bytes() for path in out.iterdir()}
    assert files.keys() == {"MANIFEST.txt", "SHA256SUMS", *(f"tiny-v1{end}" for end in (".pdf", ".epub", "-html.zip", "-source.tar.gz"))}
    sums = dict(line.split("  ")[::-1] for line in files["SHA256SUMS"].decode().splitlines())
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != "SHA256SUMS"}
    assert {path.name: path.read_bytes() for path in release.release(repository).iterdir()} == files
    with tarfile.open(out / "tiny-v1-source.tar.gz") as archive:
        commit, epoch = archive.extractfile("tiny-v1/EDITION").read().split()
    assert commit.decode() in files["MANIFEST.txt"].decode() and int(epoch)


def test_no_release_without_a_tag_or_with_changes(repository):
    with pytest.raises(release.ReleaseError, match="no tag: git tag"):
        release.release(repository)
    subprocess.run(["git", "tag", "v1"], cwd=repository, check=True)
    (repository / "refs.bib").write_text("", "utf-8")
    with pytest.raises(release.ReleaseError, match=r"not committed: .*refs\.bib: commit it"):
        release.release(repository)


def test_builds_that_differ_are_no_release(repository):
    with (repository / "conf.py").open("a") as file:
        file.write('\nbook["rights"] = __file__\n')
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qam", "a path in the title"], cwd=repository, check=True)
    subprocess.run(["git", "tag", "v1"], cwd=repository, check=True)
    with pytest.raises(release.ReleaseError, match=r"two builds of v1 differ in epub/tiny\.epub, html/"):
        release.release(repository)
    assert not (repository / "dist/release").exists()

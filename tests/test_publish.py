"""`make`: the menu, and a failed build that leaves the last good dist/ whole."""

import os
import re
import shutil
import signal
import subprocess
import time

import pytest
import yaml
from conftest import ROOT, needed


@pytest.fixture
def checkout(tmp_path):
    """The project's build files around the tiny book, with the environment that runs the tests."""
    needed(**{"make test": (ROOT / ".venv/ready").exists()})
    root = tmp_path / "project"
    shutil.copytree(ROOT / "tests/roots/tiny", root)
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy2(ROOT / name, root / name)  # with their times: make must not set up again
    (root / ".venv").symlink_to(ROOT / ".venv")
    return root


def make(root, *arguments):
    return subprocess.run(["make", "NAME=tiny", *arguments], cwd=root, capture_output=True, text=True)


def test_bare_make_prints_the_menu():
    done = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and len(lines) > 8
    assert all(line.strip().startswith("make ") for line in lines)


def test_check_passes():
    """`make check` reads the real book, its spelling and its code."""
    needed(**{"make test": (ROOT / ".venv/ready").exists()})
    done = subprocess.run(["make", "check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("book/1-part/01-one.md", "Plain words", "Plain recieved words", r"recieved.*received[\s\S]*01-one\.md"),
        ("conf.py", 'project = "Tiny"', 'import os\n\nproject = "Tiny"', r"F401[\s\S]*conf\.py"),
        ("conf.py", "extensions = [", "extensions  =  [", r"conf\.py"),
    ],
    ids=["misspelling", "name that nothing uses", "code in another form"],
)
def test_check_refuses(checkout, file, old, new, said):
    path = checkout / file
    assert old in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    done = make(checkout, "check")
    assert done.returncode != 0 and re.search(said, done.stdout + done.stderr), done.stdout + done.stderr


def test_failed_build_leaves_the_last_good_one(checkout):
    done = make(checkout, "book")
    assert done.returncode == 0, done.stdout + done.stderr
    before = published(checkout)
    assert {"tiny.epub", "tiny.pdf"} <= {path.name for path in before}
    chapter = checkout / "book/1-part/01-one.md"
    chapter.write_text(chapter.read_text("utf-8").replace("{cite:t}`abel1950`.", "{cite:t}`able1950`."), "utf-8")
    done = make(checkout, "book")
    assert done.returncode != 0 and "no entry 'able1950'" in done.stderr and "dist/ is as it was" in done.stdout
    assert before == published(checkout)


@pytest.mark.parametrize("path", sorted((ROOT / ".github/workflows").glob("*.yml")), ids=lambda path: path.stem)
def test_workflows_run_what_there_is(path):
    """Each `make` of a workflow is a target of the menu, each file that it runs is in the repository, and none but the weekly check of links may fail unseen."""
    workflow = yaml.safe_load(path.read_text("utf-8"))
    menu = set(re.findall(r"make (\w+)", subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True).stdout))
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    commands = [step["run"] for step in steps if "run" in step]
    assert {target for command in commands for target in re.findall(r"^make (\w+)", command)} <= menu
    assert all((ROOT / file).exists() for command in commands for file in re.findall(r"(?:\.ci/run|tests/\w+\.py)", command))
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())
    assert any(job.get("continue-on-error") for job in workflow["jobs"].values()) == (path.stem == "links")


def published(root):
    return {path.relative_to(root): path.read_bytes() for path in sorted((root / "dist").rglob("*")) if path.is_file()}


def test_two_builds_at_once(checkout):
    """The second waits for the first, and both leave the same book."""
    builds = [subprocess.Popen(["make", "NAME=tiny", "html", "epub"], cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [build.communicate(timeout=300) for build in builds]
    assert [build.returncode for build in builds] == [0, 0], said
    assert any("Another build is running" in out for out, _ in said)
    together = published(checkout)
    assert make(checkout, "html", "epub").returncode == 0 and published(checkout) == together


SLOW_MV = """#!/bin/sh
[ "$*" = "dist/.new dist/html" ] && touch swapping && sleep 1
exec /bin/mv "$@"
"""


@pytest.mark.parametrize("moment", ["Building", "swapping"])
@pytest.mark.parametrize("blow", [signal.SIGTERM, signal.SIGKILL])  # a build in the background never hears SIGINT
def test_interrupted_build_leaves_the_last_good_one(checkout, moment, blow):
    """Whoever stops a build half-way, while it writes or while it publishes, loses nothing of what was published, and the next build is whole."""
    assert make(checkout, "html", "epub").returncode == 0
    before, mark = published(checkout), checkout / "swapping"
    (checkout / "bin").mkdir()
    (checkout / "bin/mv").write_text(SLOW_MV)
    (checkout / "bin/mv").chmod(0o755)
    environment = os.environ | {"PATH": f"{checkout}/bin:{os.environ['PATH']}"}
    build = subprocess.Popen(["make", "NAME=tiny", "html", "epub"], cwd=checkout, stdout=subprocess.PIPE, text=True, start_new_session=True, env=environment)
    build.stdout.readline()  # "Building html ..."
    while moment == "swapping" and not mark.exists():
        time.sleep(0.01)
    os.killpg(build.pid, blow)
    build.communicate()
    assert build.returncode != 0
    if (moment, blow) != ("swapping", signal.SIGKILL):
        assert published(checkout) == before
    assert make(checkout, "html", "epub").returncode == 0 and published(checkout) == before

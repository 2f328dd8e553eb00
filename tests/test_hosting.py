"""The site on a web server: nginx with deploy/nginx.conf, under the root and under a prefix; addresses that must not vanish; stubs for those that moved."""

import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from conftest import ROOT, needed
from lxml import html

NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")


@pytest.fixture(scope="module")
def served(book, tmp_path_factory):
    """The address of an nginx that runs deploy/nginx.conf on the built site, on this machine alone."""
    needed(**{"apt install nginx-light": bool(NGINX)})
    root = tmp_path_factory.mktemp("nginx")
    server = (ROOT / "deploy/nginx.conf").read_text("utf-8").replace("/srv/in-stalinisms-shadow", str(book.html)).replace("listen 8080", "listen 127.0.0.1:18080")
    temporary = "".join(f"{kind}_temp_path {root}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (root / "nginx.conf").write_text(f"daemon off; user root; pid {root}/pid; error_log {root}/error.log;\nevents {{}}\nhttp {{ access_log off; {temporary}\n{server}\n}}", "utf-8")
    process = subprocess.Popen([NGINX, "-c", root / "nginx.conf", "-p", root], stderr=subprocess.PIPE, text=True)
    address = "http://127.0.0.1:18080/"
    for _ in range(50):
        try:
            urllib.request.urlopen(address).close()
            break
        except OSError:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.1)
    yield address
    process.terminate()
    process.communicate()


def ask(address: str, **headers):
    """(status, headers) of an answer, whatever it is."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers


def test_headers(served):
    for path in ("", "3-the-system/09-terror.html", "no/such/page"):
        status, headers = ask(served + path)
        assert status == (404 if "no/such" in path else 200) and headers["Content-Type"] == "text/html; charset=utf-8"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'") and "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer" and headers["Cache-Control"] == "no-cache"


def test_shared_files_are_kept_and_pages_asked_for_anew(served, book):
    for path in (book.html / "_static").iterdir():
        status, headers = ask(f"{served}_static/{path.name}")
        assert status == 200 and headers["Cache-Control"] == "public, max-age=31536000, immutable", path.name
    _, headers = ask(served)
    assert ask(served, **{"If-None-Match": headers["ETag"]})[0] == 304
    assert ask(served, **{"Accept-Encoding": "gzip"})[1]["Content-Encoding"] == "gzip"
    types = {
        name.rpartition(".")[2]: ask(served + name)[1]["Content-Type"].partition(";")[0]
        for name in ("downloads/claims.json", "downloads/refs.bib", "downloads/cite/index.ris", "sitemap.xml")
    }
    assert types == {"json": "application/json", "bib": "application/x-bibtex", "ris": "application/x-research-info-systems", "xml": "application/xml"}


def test_two_hosts_get_the_same_policy():
    policies = [re.search(r"default-src [^\"\n]+", (ROOT / "deploy" / name).read_text("utf-8"))[0] for name in ("nginx.conf", "_headers")]
    in_tests = re.search(r"CSP = \"([^\"]+)\"", (ROOT / "tests/browser/server.mjs").read_text("utf-8"))[1]
    assert policies[0] == policies[1] == in_tests + "; frame-ancestors 'none'"


def test_works_under_any_prefix(book):
    """No page but the one for lost addresses, which must count from the root, names a place from the root of a host."""
    for path in book.html.rglob("*.html"):
        if path.name != "404.html":
            links = html.parse(path).xpath("//@href | //@src | //@srcset | //@action")
            assert not [link for link in links if link.startswith("/")], path


def test_no_address_vanishes(book):
    """Every page, claim and section that was ever published is there, or a stub leads on: tests/addresses.txt."""
    lost, ids = [], {}
    for line in (ROOT / "tests/addresses.txt").read_text("utf-8").split():
        name, _, anchor = line.partition("#")
        path = book.html / name
        if path.exists() and name.endswith(".html") and name not in ids:
            ids[name] = set(html.parse(path).xpath("//@id"))
        if not path.exists() or (anchor and anchor not in ids[name]):
            lost.append(line)
    assert not lost, "put the old address into data/redirects.csv, or the anchor back"


def test_moved_pages_leave_a_stub(tiny):
    (tiny.root / "data/redirects.csv").write_text("old,new\nold/place,1-part/01-one#one\n", "utf-8")
    done = tiny.build("html")
    assert done.returncode == 0, done.stderr
    stub = html.parse(tiny.out / "html/old/place.html")
    assert stub.xpath("//meta[@http-equiv='refresh']/@content") == ["0; url=../1-part/01-one.html#one"]
    assert stub.xpath("//a/@href") == ["../1-part/01-one.html#one"] and stub.xpath("//link[@rel='canonical']")
    (tiny.root / "data/redirects.csv").write_text("old,new\nold/place,1-part/02-two\n", "utf-8")
    done = tiny.build("html")
    assert done.returncode != 0 and re.search(r"data/redirects\.csv:2: .*old/place leads to 1-part/02-two: .*the new one must be", done.stderr)

"""Whatever stands in a file, our own parsers say what is wrong and where, and no text becomes markup."""

import csv
import json

import pytest
import typst
from conftest import ROOT, ROOTS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extensions.apparatus import when
from extensions.claims import Register
from extensions.data import PACKAGE, Series
from extensions.pdf import literal, value
from extensions.style import faults, spellings

ANY = st.text(st.characters(codec="utf-8"), max_size=200)
SLOW = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def damaged(text: str):
    """`text` with a piece of it replaced by anything."""
    return st.tuples(st.integers(0, len(text)), st.integers(0, 40), ANY).map(lambda cut: text[: cut[0]] + cut[2] + text[cut[0] + cut[1] :])


@SLOW
@given(claims=damaged((ROOTS / "tiny/data/claims/1-part/01-one.toml").read_text("utf-8")), quotations=damaged((ROOTS / "tiny/data/quotations.toml").read_text("utf-8")))
def test_register_says_what_is_wrong(tmp_path, claims, quotations):
    (tmp_path / "data/claims/1-part").mkdir(parents=True, exist_ok=True)
    (tmp_path / "data/claims/1-part/01-one.toml").write_text(claims, "utf-8", newline="")
    (tmp_path / "data/quotations.toml").write_text(quotations, "utf-8", newline="")
    register = Register(tmp_path)
    register.check_keys({"zed1999", "abel1950"})
    for message, place in register.faults:
        assert message and place.startswith("data/")


@given(rows=ANY, column=ANY)
def test_numbers_come_from_the_table_or_are_refused(rows, column):
    series = Series(ROOT, next(r for r in json.loads((ROOT / PACKAGE).read_text("utf-8"))["resources"] if r["name"] == "kulak_exile_stock"))
    try:
        assert isinstance(series.value(rows, column), float)
    except KeyError as error:
        assert "it has" in error.args[0] or "nothing in" in error.args[0]


@given(ANY)
def test_dates_have_a_place_in_time_or_are_refused(text):
    try:
        year, month, day = when(text)
        assert 0 <= year <= 9999 and 0 <= month <= 12 and 0 <= day <= 99
    except ValueError as error:
        assert "year" in str(error)


@given(ANY)
def test_style_names_a_line_for_each_fault(text):
    for line, message in faults(text, *spellings(ROOT / "data/spellings.csv")):
        assert 1 <= line <= text.count("\n") + 1 and message.startswith("style, ")


@SLOW
@given(st.lists(ANY.filter(lambda text: "\0" not in text), max_size=8))
def test_text_stays_text_in_typst(tmp_path, texts):
    """What Typst reads back is the text that was written, whatever is in it."""
    source = tmp_path / "fuzz.typ"
    source.write_text(f"#metadata({value(texts)}) <read>\n#metadata({value({'one': texts})}) <again>\n#" + (literal("".join(texts)) or "none"), "utf-8", newline="")
    assert json.loads(typst.query(str(source), "<read>", field="value", one=True)) == texts
    assert json.loads(typst.query(str(source), "<again>", field="value", one=True)) == {"one": texts}


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</textarea><b>", "{{ 7 * 7 }}", "]]> & &lt;b>"])
def test_text_stays_text_on_the_site(tiny, text):
    """Markup in the data is refused by name or printed as text; no page gets an element from it."""
    with (tiny.root / "data/timeline.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(["1939", text, "Eastern Europe", "revolt", f"{text} happened {{cite:p}}`abel1950`.", ""])
    done = tiny.build("html")
    if done.returncode:  # refused: nothing of it is published
        assert "not a construct that authors may use" in done.stderr, done.stderr
        return
    for page in (tiny.out / "html").rglob("*.html"):
        written = page.read_text("utf-8")
        assert "alert(1)>" not in written and "<b>" not in written and "<img src=x" not in written and "49" not in written.split("1939")[-1][:200]

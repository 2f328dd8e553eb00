"""The tables: sums that ought to hold, numbers as printed, charts that equal their data."""

import csv
import json
import math
import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from extensions.data import Series, charts, formatted

PACKAGE = json.loads((ROOT / "data/datapackage.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def series():
    return {resource["name"]: Series(ROOT, resource) for resource in PACKAGE["resources"]}


def test_every_table_is_described():
    described = {resource["path"] for resource in PACKAGE["resources"]}
    assert described == {path.relative_to(ROOT / "data").as_posix() for path in (ROOT / "data/series").glob("*.csv")}


def test_every_resource_carries_its_origin():
    for resource in PACKAGE["resources"]:
        assert "{cite:" in resource["origin"], f"{resource['name']}: the origin cites nothing"
        assert resource["checks"] and resource["caveats"] and resource["licenses"] and resource["sources"]


def test_sentences_add_up(series):
    """Each row's penalties add up to its total: the misprints of the copies were found by this sum."""
    for row in series["political_sentences"].rows:
        parts = sum(int(row[name]) for name in ("death_mvd", "camps_colonies_prison_mvd", "exile_mvd", "other_mvd"))
        assert parts == int(row["sentenced_total_mvd"]), row["year"]


def test_special_settlers_add_up(series):
    settlers = series["special_settlers_oct1945"]
    assert sum(settlers.column("thousand")) == pytest.approx(settlers.resource["printedTotal"])


def test_shares_make_a_whole(series):
    for row in series["industry_shares"].rows:
        assert float(row["means_of_production"]) + float(row["means_of_consumption"]) == pytest.approx(100), row


def test_two_counts_of_exiled_peoples_agree(series):
    """The demographer's figures for October 1945 are the police's own of that month, to a thousand; Chechens and Ingush stand together there."""
    police, people = series["special_settlers_oct1945"], series["deported_peoples_population"]
    for there, here in (("Kalmyks", "Kalmyks"), ("Karachai", "Karachai"), ("Balkars", "Balkars"), ("Chechens and Ingush", "Chechens+Ingush")):
        assert police.value(there, "thousand") == pytest.approx(people.value(here, "oct_1945"), abs=1000)


def test_growth_is_the_quotient_of_what_is_cited(series):
    """People times product a head, 1985 against 1928, as the table's `checks` gives them."""
    checks = series["growth_claims_1928_1985"].resource["checks"]
    people85, head85, people28, head28 = (float(n.replace(",", "")) for n in re.findall(r"\d[\d,.]*\d", checks))
    assert series["growth_claims_1928_1985"].value("Maddison Project 2023", "multiple") == pytest.approx(people85 * head85 / (people28 * head28), abs=0.05)


@given(st.integers(min_value=0, max_value=10**9))
def test_whole_numbers_keep_every_digit(number):
    assert int(formatted(number).replace(",", "")) == number


@given(st.floats(min_value=0, max_value=1e8), st.sampled_from(["millions", "thousands", "0", "1", "2"]))
def test_rounded_numbers_stay_near(number, measure):
    text = formatted(number, measure).replace(",", "")
    shown = float(text.split("\N{NO-BREAK SPACE}")[0]) * (1e6 if measure == "millions" else 1)
    within = {"millions": 0.5e5, "thousands": 500}.get(measure) or 0.5 * 10 ** -int(measure)
    assert abs(shown - number) <= within * 1.001 + 1e-6


def test_column_counts_in_single_units(series):
    first = series["special_settlers_oct1945"].rows[0]
    assert series["special_settlers_oct1945"].value(first["group"], "thousand") == float(first["thousand"]) * 1000


NOT_DRAWN = {  # chart: the columns of numbers that its tables have and it leaves out
    "sentences": "camps_colonies_prison_mvd exile_mvd other_mvd sentenced_total_kgb death_kgb",
    "camps": "itl_deaths",
    "party-members": "dues",
    "stalin-feelings": "indifferent",
    "bolshevik-shares": "bolshevik total",
    "households-1927-1930": "share",
    "peoples-after": "oct_1945 jan_1950 jan_1953",
    "famine-map": "deaths_million",
    "growth-by-period": "cia_1973",
    "infants": "deu_east hun deu_west usa kor tur",
    "arms-burden": "us_low us_high",
    "first-plans": "investment",
    "leaving-east-germany": "under_25",
    "spanish-fleets": "ships",
    "china-growth": "yugoslavia cuba",
}


@pytest.mark.parametrize("name", charts.CHARTS)
def test_charts_are_the_same_each_time_and_follow_their_data(name, series, tmp_path):
    """Each column of each table, made smaller by a tenth, changes the picture, or is one that the chart leaves out."""
    tables = [series[table] for table in charts.CHARTS[name].tables]
    light, dark, size = charts.draw(name, tables, tmp_path / "one")
    again, _, _ = charts.draw(name, tables, tmp_path / "two")
    assert light.read_bytes() == again.read_bytes() and light.read_bytes() != dark.read_bytes()
    assert size[0] == charts.WIDTH
    unseen = set()
    for at, table in enumerate(tables):
        places = {"year", *table.resource["schema"]["primaryKey"]}  # where a value stands, not how large it is
        for column in [name for name, field in table.fields.items() if field["type"] in {"integer", "number"} and name not in places]:
            changed = Series(ROOT, table.resource)
            for row in changed.rows:
                row[column] = f"{float(row[column]) * 0.9:.{0 if table.fields[column]['type'] == 'integer' else 3}f}" if row[column] else ""
            changed.path = tmp_path / f"{table.name}-{column}.csv"
            with changed.path.open("w", newline="") as file:
                csv.writer(file).writerows([changed.fields, *(row.values() for row in changed.rows)])
            if charts.draw(name, [*tables[:at], changed, *tables[at + 1 :]], tmp_path / "changed")[0].read_bytes() == light.read_bytes():
                unseen.add(column)
    assert unseen == set(NOT_DRAWN.get(name, "").split())


DRAW_ALL = """
import hashlib, json, pathlib, sys
from extensions.data import Series, charts
root, out = map(pathlib.Path, sys.argv[1:])
series = {r["name"]: Series(root, r) for r in json.loads((root / "data/datapackage.json").read_text("utf-8"))["resources"]}
for name in charts.CHARTS:
    for picture in charts.draw(name, [series[table] for table in charts.CHARTS[name].tables], out)[:2]:
        print(name, hashlib.sha256(picture.read_bytes()).hexdigest())
"""


def test_charts_do_not_depend_on_the_order_of_sets(tmp_path):
    """Python orders sets anew in each process unless told how; every chart is the same under two orders."""
    drawn = []
    for seed in ("1", "2"):
        command = [sys.executable, "-c", DRAW_ALL, ROOT, tmp_path / seed]
        drawn.append(subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONHASHSEED": seed}).stdout.splitlines())
    assert len(drawn[0]) == 2 * len(charts.CHARTS) and drawn[0] == drawn[1]


@given(st.floats(15, 100), st.floats(34, 72))
def test_the_map_is_true_to_area(longitude, latitude):
    """A small square of the globe has the same area on the map, wherever it lies."""
    step = 1e-3
    corners = [charts.projected(longitude + x, latitude + y) for x, y in ((0, 0), (step, 0), (step, step), (0, step))]
    drawn = abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, corners[1:] + corners[:1]))) / 2
    true = math.radians(step) * (math.sin(math.radians(latitude + step)) - math.sin(math.radians(latitude)))
    assert drawn == pytest.approx(true, rel=1e-4)


def test_a_map_wants_an_outline_for_each_name():
    with pytest.raises(KeyError, match="Ruritania"):
        charts.outline_map(Figure().add_subplot(), charts.LIGHT, {"Ruritania": "#000000"})

"""What readers can take away: each file against the published schema of its format, or read back by a library."""

import csv
import json

import pytest
import yaml
from conftest import ROOT
from jsonschema import Draft7Validator
from pybtex.database import parse_file

SCHEMAS = ROOT / "tests/schemas"


def faults(schema: str, data) -> list[str]:
    """What the schema of that name has against `data`, each with its path."""
    validator = Draft7Validator(json.loads((SCHEMAS / schema).read_text("utf-8")))
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(data)]


@pytest.fixture(scope="module")
def downloads(book):
    return book.html / "downloads"


@pytest.fixture(scope="module")
def claims(downloads):
    return json.loads((downloads / "claims.json").read_text("utf-8"))


def test_references_are_csl(downloads):
    items = json.loads((downloads / "references.json").read_text("utf-8"))
    assert not faults("csl-data.json", items)
    entries = parse_file(str(downloads / "refs.bib"), "bibtex").entries
    assert [item["id"] for item in items] == list(entries)
    assert [item["id"] for item in items if not item.get("title")] == []
    assert {item["id"] for item in items if item.get("author")} == {key for key, entry in entries.items() if entry.persons.get("author")}


def test_data_package_is_sound_and_whole(downloads):
    package = json.loads((downloads / "datapackage.json").read_text("utf-8"))
    assert not faults("datapackage-2.0.json", package)
    for resource in package["resources"]:
        assert (downloads / resource["path"]).stat().st_size == resource["bytes"]


def test_citation_file_is_sound():
    text = (ROOT / "CITATION.cff").read_text("utf-8")
    assert not faults("cff-1.2.0.json", yaml.safe_load(text))


def test_the_schemas_refuse_what_is_wrong(downloads):
    """Each schema, given the real file with one fault."""
    items = json.loads((downloads / "references.json").read_text("utf-8"))
    assert faults("csl-data.json", [items[0] | {"type": "leaflet"}])
    package = json.loads((downloads / "datapackage.json").read_text("utf-8"))
    assert faults("datapackage-2.0.json", package | {"resources": []})
    assert faults("cff-1.2.0.json", yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8")) | {"authors": []})


def test_claims_are_the_same_in_both_forms(downloads, claims):
    with (downloads / "claims.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [claim["id"] for claim in claims]
    for row, claim in zip(rows, claims):
        assert all(row[name] == str(claim.get(name, "")) for name in ("chapter", "line", "weight", "verdict", "claim", "finding"))
        assert row["sources"].count(";") + 1 == len(claim["sources"])

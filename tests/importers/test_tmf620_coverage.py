"""Every field of a source object is mapped, ignored for a reason, or told to be unmapped."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kgservice_importers.tmf620.coverage import Fields
from kgservice_importers.tmf620.mapping import MappingTable, load_mapping, packaged
from small_vocabulary import context
from tmf620_reading import fact, offering, only, read, read_tree, values

from kgservice.model.documents import SourceDocument
from kgservice.model.errors import InputError

FOLDER = files("kgservice_importers.tmf620").joinpath("mappings")

LEAVES = st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=3)
NAMES = st.sampled_from(["a", "b", "c", "d"])
BODIES = st.dictionaries(
    NAMES,
    st.recursive(LEAVES, lambda i: st.lists(i, max_size=3) | st.dictionaries(NAMES, i, max_size=3)),
    max_size=4,
)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
LINES = st.dictionaries(
    PATHS | PATHS.map(lambda p: p + "/*") | st.just("*"),
    st.sampled_from([("mapped", ""), ("ignored", "")]),
    max_size=5,
)


def leaves(value: object, path: str = "") -> set[str]:
    """Give the paths of all scalars that say something: the oracle's own walk."""
    if isinstance(value, dict):
        return {p for k, v in value.items() for p in leaves(v, f"{path}/{k}".lstrip("/"))}
    if isinstance(value, list):
        return {p for item in value for p in leaves(item, path)}
    return set() if value is None or value == "" else {path}


def expected(path: str, lines: dict[str, tuple[str, str]]) -> str:
    """Say what becomes of a leaf, from the README's words: own line, what is above, `*`."""
    parts = path.split("/")
    if path in lines:
        return lines[path][0]
    for length in range(len(parts), 0, -1):
        above = "/".join(parts[:length])
        if above + "/*" in lines:
            return lines[above + "/*"][0]
        if length < len(parts) and lines.get(above, ("",))[0] == "ignored":
            return "ignored"
    return "" if parts[0] in lines else lines.get("*", ("",))[0]


@given(BODIES, LINES)
def test_every_leaf_is_sorted_as_the_field_table_says(
    body: dict[str, Any], lines: dict[str, tuple[str, str]]
) -> None:
    mapped: set[str] = set()
    unmapped: set[str] = set()
    Fields(MappingTable(fields={"thing": lines})).sort("thing", body, "", mapped, unmapped)
    found = leaves(body)
    assert mapped == {path for path in found if expected(path, lines) == "mapped"}
    assert unmapped == {path for path in found if expected(path, lines) == ""}


def test_unknown_members_and_characteristics_are_told_by_name(tmp_path: Path) -> None:
    tree = offering(fact("Carrier", "fibre"), madeUp={"deep": [{"x": 1}]}, name="n", empty=[])
    found = only(read_tree(tmp_path, tree))
    assert found.unmapped == {
        "madeUp/deep/x",
        "productSpecification/productSpecCharacteristic[Carrier]",
    }
    assert {"name", "productSpecification/relatedParty/role"} <= found.mapped


def test_value_of_which_no_fact_was_made_is_not_called_mapped(tmp_path: Path) -> None:
    found = only(read_tree(tmp_path, offering(fact("RAM", "16"), fact("vCPU", "4"))))
    assert values(found, "memory") == set()
    below = "productSpecification/productSpecCharacteristic"
    assert below + "[RAM]" in found.unmapped
    assert below + "[vCPU]" in found.mapped
    assert below + "/productSpecCharacteristicValue/value" in found.unmapped


def test_each_line_of_the_field_tables_gives_a_reason_or_a_target() -> None:
    table = packaged()
    for resource, lines in table.fields.items():
        for path, (status, text) in lines.items():
            assert text.strip(), (resource, path)
            if status == "nested":
                assert text in table.fields, (resource, path)


def test_recorded_documents_leave_nothing_unmapped_but_what_is_listed(shared_data: Path) -> None:
    """The list is printed: who adds to the mapping sees here what there is to add."""
    found: dict[str, set[str]] = defaultdict(set)
    for item in read(shared_data / "dome"):
        if isinstance(item, SourceDocument):
            assert item.kind
            assert item.mapped, item.source_id
            found[item.kind] |= item.unmapped
    for kind, paths in sorted(found.items()):
        sys.stdout.write(f"{kind}: {sorted(paths)}\n")
    assert set(found) >= {"tmf620-v4/productOffering", "tmf632/organization", "dome/SignedOffering"}
    named = {path for paths in found.values() for path in paths if "[" not in path}
    # Objects that the folders do not hold, and a service level in words: nothing can be made of it.
    assert named <= {
        p for p in named if p.startswith(("productOfferingPrice/", "prodSpecChar"))
    } | {
        "productSpecification/id",
        "productSpecification/name",
    }


def test_own_samples_are_covered_but_for_the_blemishes(tmp_path: Path) -> None:
    del tmp_path
    folder = Path(str(files("kgservice_importers.samples").joinpath("polder-market")))
    unmapped = {path for d in read(folder) if isinstance(d, SourceDocument) for path in d.unmapped}
    assert {path for path in unmapped if "[" in path} == {
        "productSpecification/productSpecCharacteristic[Carrier]",
        "productSpecification/productSpecCharacteristic[Notice period]",
        "productSpecification/productSpecCharacteristic[RAM]",
        "productSpecification/productSpecCharacteristic[SEAL]",  # no property of these tests
    }


OWN = """
[properties]
vcpu = ['prozessoren']

[kinds]
PostgreSQL = ["Elefantenbank"]

[lifecycle]
Active = ["lieferbar"]

[[statement]]
resource = "productOffering"
path = "x-sla/uptime"
property = "availability"
unit = "%"

[[statement]]
resource = "productOffering"
path = "x-sla/contact"
predicate = "http://schema.org/contactPoint"

[fields.productOffering.mapped]
"x-sla/uptime" = "kg:availability"
"x-sla/contact" = "schema:contactPoint"
"""


def test_catalogue_brings_names_and_members_of_its_own(tmp_path: Path) -> None:
    tree = offering(
        fact("Prozessoren", "4"), fact("Service type", "Elefantenbank"),
        lifecycleStatus="lieferbar", **{"x-sla": {"uptime": 99.5, "contact": "desk"}},
    )  # fmt: skip
    path = tmp_path / "catalogue.json"
    before = only(read_tree(tmp_path, tree))
    assert {"x-sla/uptime", "x-sla/contact"} <= before.unmapped
    found = only(read(path, context(mapping=OWN)))
    assert values(found, "vcpu") == {"4"}
    assert values(found, "availability") == {"99.5"}
    assert values(found, "lifecycleStatus") == {"Active"}
    assert found.unmapped == frozenset()
    assert any(t.object.value == "desk" for t in found.triples)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text",
    ["not toml [", "[properties]\nvcpu = ['(']", "[nonsense]\na = ['b']",
     "[properties]\nvcpu = 'x'", "[[certificate]]\npattern = '['",
     "[fields.productOffering.sometimes]\na = 'b'",
     "properties = 3", "[words]\nyes = [1]", "fields = []", "[fields]\nproductOffering = 1"],
)  # fmt: skip
def test_mapping_file_that_cannot_be_used_is_refused_with_its_name(text: str) -> None:
    with pytest.raises(InputError) as caught:
        load_mapping((("own.toml", text),))
    assert caught.value.code == "mapping-invalid"
    assert caught.value.at == "own.toml"


def test_readme_explains_each_section_and_its_example_can_be_used() -> None:
    text = FOLDER.joinpath("README.md").read_text("utf-8")
    table = packaged()
    for section in {*table.lists, *table.lines, *table.texts} - {"dialect", "signed"}:
        assert f"{section}`" in text or f"{section}]" in text, section
    example = text.split("```toml\n")[1].split("```")[0]
    assert load_mapping((("example.toml", example),)).digest != table.digest


def test_all_mapping_files_are_read_without_python(tmp_path: Path) -> None:
    """Nothing that a mapping says is said in code: an empty table reads nothing."""
    tree = offering(fact("vCPU", "4"))
    assert json.dumps(tree)
    table = packaged()
    assert table.meaning("lifecycle", "ACTIVE") == "Active"
    assert table.meaning("periods", "MONTHLY") == "P1M"
    assert table.dialect_of({"href": "/tmf-api/x/v5/productOffering/1"}) == "tmf620-v5"
    assert only(read_tree(tmp_path, tree)).kind == "tmf620-v4/productOffering"

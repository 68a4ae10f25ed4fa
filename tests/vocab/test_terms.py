"""Every term is described, and nothing uses a term that is not defined."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pyoxigraph as ox
import pytest
from turtle_graphs import KG, ROOT, quads_of

from kgservice.model import terms
from kgservice.model.rdf import Iri

RDFS = "http://www.w3.org/2000/01/rdf-schema#"
ANNOTATIONS = (
    RDFS + "label",
    RDFS + "comment",
    "http://purl.org/dc/terms/source",
    "http://www.w3.org/2004/02/skos/core#example",
)
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
VOCABULARY_FILES = sorted(
    path
    for path in (ROOT / "vocab").rglob("*.ttl")
    if not {"align", "queries"} & set(path.relative_to(ROOT / "vocab").parts)
)
TOP_FOLDERS = ("vocab", "shapes", "kgservice", "catalog_importers", "workers")
WRITTEN_TERM = re.compile(r"\bkg:([A-Za-z0-9][\w-]*)|https://w3id\.org/kgservice/ns#([\w-]+)")
WRITTEN_ATTRIBUTE = re.compile(r"\bKG\.([A-Za-z_]\w*)")


def described() -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in VOCABULARY_FILES:
        for quad in quads_of(path):
            if isinstance(quad.subject, ox.NamedNode) and quad.subject.value.startswith(KG):
                found[quad.subject.value].add(quad.predicate.value)
    return dict(found)


def defined_names() -> set[str]:
    return {iri.removeprefix(KG) for iri, words in described().items() if RDF_TYPE in words}


@pytest.mark.parametrize("path", VOCABULARY_FILES, ids=lambda path: path.stem)
def test_every_term_has_label_comment_source_and_example(path: Path) -> None:
    subjects = {
        quad.subject.value
        for quad in quads_of(path)
        if isinstance(quad.subject, ox.NamedNode) and quad.subject.value.startswith(KG)
    }
    everything = described()
    missing = [
        f"{iri.removeprefix(KG)} has no {word.rpartition('#')[2].rpartition('/')[2]}"
        for iri in sorted(subjects)
        for word in ANNOTATIONS
        if word not in everything[iri]
    ]
    assert not missing, "\n".join(missing)


def test_annotations_are_not_empty() -> None:
    empty = [
        str(quad.subject)
        for path in VOCABULARY_FILES
        for quad in quads_of(path)
        if quad.predicate.value in ANNOTATIONS
        and isinstance(quad.object, ox.Literal)
        and not quad.object.value.strip()
    ]
    assert not empty


def test_no_data_file_uses_an_undefined_term() -> None:
    names, unknown = defined_names(), []
    for folder in TOP_FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in (".rq", ".ttl") or "samples" in path.parts:
                continue
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                for prefixed, full in WRITTEN_TERM.findall(line):
                    name = (prefixed or full).rstrip("-")
                    if name and name not in names:
                        unknown.append(f"{path.relative_to(ROOT)}:{number}: kg:{name}")
    assert not unknown, "\n".join(unknown)


MISTAKEN = frozenset(
    f"tests/{name}"
    for name in (
        "cli/test_query_mistakes.py",
        "clients/test_query_page_in_browser.py",
        "mpli/test_written_graphs.py",
        "resolution/test_linting.py",
        "store/test_hints.py",
    )
)
"""Files that misspell terms on purpose: what is said of it is what they test."""


def test_no_python_file_uses_an_undefined_term() -> None:
    names = defined_names()
    known = {name for name in dir(terms.KG) if isinstance(getattr(terms.KG, name), Iri)} | {"NS"}
    unknown = []
    for folder in ("kgservice", "catalog_importers", "workers", "tests", "bench", "tools"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path == ROOT / "kgservice" / "model" / "terms.py" or path.parent.name == "vocab":
                continue
            if path.relative_to(ROOT).as_posix() in MISTAKEN:
                continue
            text = path.read_text(encoding="utf-8")
            from_terms = "terms import" in text and re.search(r"\bKG\b", text)
            attributes = WRITTEN_ATTRIBUTE.findall(text) if from_terms else []
            written = {a or b for a, b in WRITTEN_TERM.findall(_without_examples(text))}
            unknown += [f"{path.relative_to(ROOT)}: KG.{n}" for n in attributes if n not in known]
            unknown += [f"{path.relative_to(ROOT)}: kg:{n}" for n in written if n not in names]
    assert not unknown, "\n".join(sorted(set(unknown)))


def _without_examples(text: str) -> str:
    """Leave out names that tests make up on purpose: they say `kg:made-up…`."""
    return re.sub(r"kg:made-up[\w-]*", "", text)


def test_terms_module_is_what_the_tool_writes() -> None:
    command = [sys.executable, str(ROOT / "tools" / "terms.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout

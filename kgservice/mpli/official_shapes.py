"""What official shapes say about a catalogue: told beside its report, never deciding anything.

An operator puts the shapes into `DATA/shapes/gaia-x`, releases side by side.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kgservice.ingest.catalogs import get_catalog
from kgservice.model.errors import KgError
from kgservice.model.rdf import Blank, Iri, Term, Triple
from kgservice.mpli.application import Application
from kgservice.mpli.publish import Publisher
from kgservice.store.sandbox import run_isolated

if TYPE_CHECKING:
    from kgservice.inference.foreign_shapes import Checked, Described, Finding

DEADLINE_S: Final = 120.0
"""Seconds for the shapes of one catalogue; documents that are not reached are counted."""
BATCH: Final = 200
"""Documents that are read together."""
MOST_DOCUMENTS: Final = 5000
"""Documents of a catalogue that are looked at: more would not be done by the deadline."""
MOST_FINDINGS: Final = 500
_FILE: Final = "official-shapes.json"
_LOG: Final = logging.getLogger("kgservice.official_shapes")


def folder_of(application: Application) -> Path:
    """Give the folder of official shapes of Gaia-X."""
    return application.folder / "shapes" / "gaia-x"


def check_catalog(application: Application, name: str, deadline_s: float = DEADLINE_S) -> None:
    """Check a catalogue's documents by the official shapes, if there are any, and keep the result.

    Nothing of the catalogue depends on it: a failure is a line in the log.
    """
    folder = folder_of(application)
    if not folder.is_dir():
        return
    try:
        result = _check(application, name, folder, deadline_s)
    except KgError as error:
        _LOG.warning("official shapes were not applied to %s: %s", name, error)
        return
    path = _path(application, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")


def official_findings(application: Application, name: str) -> dict[str, object]:
    """Give what the official shapes said after the last sync; empty when there are none."""
    try:
        found = json.loads(_path(application, name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and folder_of(application).is_dir() else {}


def _path(application: Application, name: str) -> Path:
    return application.contents.beside(name) / _FILE


def _check(
    application: Application, name: str, folder: Path, deadline_s: float
) -> dict[str, object]:
    from kgservice.inference.foreign_shapes import Checked, check  # rdflib: not at each start

    sources, documents, classes = _read(application, name)
    checked: dict[str, Checked] = {}
    findings: list[Finding] = []
    components: Counter[str] = Counter()
    is_whole = True
    try:
        for item in run_isolated(
            check, (folder, documents, classes), deadline_s=deadline_s, chunk=1
        ):
            if isinstance(item, Checked):
                checked[item.document] = item
                continue
            components[item.component] += 1
            if len(findings) < MOST_FINDINGS:
                findings.append(item)
    except KgError as error:
        _LOG.warning("official shapes reached %d documents of %s: %s", len(checked), name, error)
        is_whole = False
    failing = {finding.document for finding in findings if finding.severity == "error"}
    return {
        "releases": dict(Counter(one.release for one in checked.values())),
        "checked": len(checked),
        "conforming": len(set(checked) - failing),
        "unchecked": len(sources) - len(checked),
        "complete": is_whole,
        "components": dict(sorted(components.items())),
        "findings": [asdict(f) | {"document": sources.get(f.document, "")} for f in findings],
    }


def _read(
    application: Application, name: str
) -> tuple[dict[str, str], Described, dict[str, list[str]]]:
    """Read the statements of a catalogue's documents, and the classes of what they refer to."""
    home = get_catalog(application.store, name).iri(application.base_iri)
    publisher = Publisher(application.store, application.base_iri)
    documents: dict[str, list[Triple]] = {}
    classes: dict[str, list[str]] = {}
    with publisher.edition() as edition:
        rows = edition.rows("official-shapes-documents", {"catalog": home})
        sources = {_text(row["document"]): _text(row["source"]) for row in rows}
        names = list(sources)[:MOST_DOCUMENTS]
        for start in range(0, len(names), BATCH):
            for row in edition.rows_about(
                "official-shapes-statements", names[start : start + BATCH]
            ):
                subject, predicate = row["s"], row["p"]
                if isinstance(subject, Iri) and isinstance(predicate, Iri):
                    triple = Triple(subject, predicate, row["o"])
                    documents.setdefault(_text(row["subject"]), []).append(triple)
        nodes = _referred(list(documents.values()))
        for start in range(0, len(nodes), BATCH):
            for row in edition.rows_about("official-shapes-classes", nodes[start : start + BATCH]):
                classes.setdefault(_text(row["subject"]), []).append(_text(row["class"]))
    return sources, documents, classes


def _referred(documents: Sequence[Sequence[Triple]]) -> list[str]:
    return sorted({t.object.value for triples in documents for t in triples
                   if isinstance(t.object, Iri)})  # fmt: skip


def _text(term: Term) -> str:
    return term.label if isinstance(term, Blank) else term.value

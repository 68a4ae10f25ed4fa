"""Write `kgservice/model/terms.py` from the vocabulary, so that a typo in an IRI is an error.

Run `python tools/terms.py` after a change in `vocab/`; `--check` fails when the file is stale.
"""

from __future__ import annotations

import keyword
import re
import sys
from pathlib import Path

import pyoxigraph as ox

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "kgservice" / "model" / "terms.py"
KG = "https://w3id.org/kgservice/ns#"
STANDARD: dict[str, tuple[str, str]] = {
    "RDF": ("http://www.w3.org/1999/02/22-rdf-syntax-ns#", "type first rest nil List langString"),
    "RDFS": (
        "http://www.w3.org/2000/01/rdf-schema#",
        "label comment subClassOf subPropertyOf domain range seeAlso isDefinedBy Class Resource",
    ),
    "OWL": (
        "http://www.w3.org/2002/07/owl#",
        "sameAs Class ObjectProperty DatatypeProperty Ontology equivalentClass equivalentProperty",
    ),
    "XSD": (
        "http://www.w3.org/2001/XMLSchema#",
        "string boolean integer decimal double date dateTime duration anyURI",
    ),
    "SH": (
        "http://www.w3.org/ns/shacl#",
        "NodeShape PropertyShape property path node class_ in_ hasValue minCount maxCount "
        "minInclusive maxInclusive minExclusive maxExclusive qualifiedValueShape "
        "qualifiedMinCount qualifiedMaxCount not_ or_ and_ pattern flags datatype nodeKind "
        "IRI severity message name oneOrMorePath zeroOrMorePath inversePath deactivated "
        "targetClass order group description resultMessage focusNode resultPath value "
        "sourceShape sourceConstraintComponent resultSeverity Violation Warning Info conforms "
        "result ValidationReport rule",
    ),
    "PROV": (
        "http://www.w3.org/ns/prov#",
        "Entity Activity Agent Plan wasDerivedFrom wasGeneratedBy wasAttributedTo "
        "wasAssociatedWith startedAtTime endedAtTime generatedAtTime used hadPlan "
        "wasInvalidatedBy invalidatedAtTime hadPrimarySource wasRevisionOf",
    ),
    "DCTERMS": (
        "http://purl.org/dc/terms/",
        "title description identifier issued modified source publisher creator license format "
        "isPartOf hasPart",
    ),
    "SKOS": ("http://www.w3.org/2004/02/skos/core#", "prefLabel altLabel notation broader example"),
    "DCAT": ("http://www.w3.org/ns/dcat#", "Catalog Resource DataService endpointURL"),
    "ODRL": (
        "http://www.w3.org/ns/odrl/2/",
        "Agreement Offer Policy assigner assignee target permission uid",
    ),
    "SCHEMA": ("http://schema.org/", "priceCurrency price name provider"),
}


def local_names() -> list[str]:
    """Collect the local names that `vocab/` defines in the product's own namespace."""
    names = set()
    for path in sorted((ROOT / "vocab").rglob("*.ttl")):
        if {"align", "queries"} & set(path.relative_to(ROOT / "vocab").parts):
            continue
        for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE):
            subject = quad.subject
            if isinstance(subject, ox.NamedNode) and subject.value.startswith(KG):
                names.add(subject.value.removeprefix(KG))
    return sorted(name for name in names if name)


def attribute(name: str) -> str:
    """Give the Python attribute for a local name.

    `in` becomes `in_`, `SOV-1` becomes `SOV_1` and `24x7` becomes `N24x7`.
    """
    clean = re.sub(r"\W", "_", name)
    if clean[:1].isdigit():
        return "N" + clean
    return clean + "_" if keyword.iskeyword(clean) else clean


def render() -> str:
    """Write the module's text."""
    lines = [
        '"""Terms of the vocabularies as constants; written by `tools/terms.py`, do not edit."""',
        "",
        "from typing import Final",
        "",
        "from kgservice.model.rdf import Iri",
        "",
    ]
    blocks = {name: (ns, words.split()) for name, (ns, words) in STANDARD.items()}
    blocks["KG"] = (KG, local_names())
    for block, (namespace, words) in blocks.items():
        lines += [
            "",
            f"class {block}:",
            f'    """Terms of <{namespace}>."""',
            "",
            f'    NS: Final = "{namespace}"',
        ]
        for word in words:
            local = word[:-1] if word.endswith("_") and block != "KG" else word
            lines.append(f'    {attribute(word)}: Final = Iri("{namespace}{local}")')
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    """Write the module, or compare it with what it should be."""
    text = render()
    if "--check" in sys.argv:
        if TARGET.read_text(encoding="utf-8") != text:
            print("kgservice/model/terms.py is stale: run `python tools/terms.py`")
            return 1
        return 0
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

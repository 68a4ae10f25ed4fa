"""The canonical N-Quads of a JSON-LD document: what a Linked Data signature is about.

Expansion is PyLD's with pinned contexts, canonicalisation Oxigraph's RDFC-1.0. What is no statement
(terms that no context defines, relative IRIs) is left out of both and told, since a signature says
nothing about it.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox
from pyld import jsonld

from kgservice_importers.jsonld.contexts import ContextUnknown, Json, Loader, load_document

DEADLINE_S: Final = 2.0
"""Seconds that a document with look-alike blank nodes may take; honest ones take milliseconds."""
_MEMORY: Final = 512 * 1024 * 1024
_NO_BASE: Final = "http://relative.invalid/"
"""PyLD resolves relative IRIs against a made-up base; statements with this one are left out."""
_DEFAULT: Final = "@default"


class NotCanonical(ValueError):
    """A document without canonical form; `code` is a problem's, `args[0]` says why."""

    def __init__(self, code: str, detail: str) -> None:
        """Keep the code and the reason."""
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Canonical:
    """A canonical form.

    Attributes:
        content: N-Quads in code point order (RDFC-1.0 §5).
        left_out: Members that are in no statement: undefined terms, relative IRIs.
    """

    content: bytes
    left_out: frozenset[str]


def canonical_form(
    document: Json, loader: Loader = load_document, deadline_s: float = DEADLINE_S
) -> Canonical:
    """Give the canonical N-Quads of a JSON-LD document.

    Cost: 0.2 ms for a document of 25 statements. Only documents with blank nodes that look alike
    can be expensive (exponential, RDFC-1.0 §7.1); they are worked on in a process of their own,
    which is ended at the deadline.

    Raises:
        NotCanonical: no JSON-LD (`jsonld-invalid`), a context is not bundled (`context-unknown`),
            or canonicalising it takes too long (`canonicalisation-too-long`).
    """
    left_out: set[str] = set()
    quads = [quad for quad in _quads(_dataset(document, loader, left_out), left_out)]
    return Canonical(canonical_quads(quads, deadline_s), frozenset(left_out))


def canonical_quads(quads: Sequence[ox.Quad], deadline_s: float = DEADLINE_S) -> bytes:
    """Canonicalise a dataset (RDFC-1.0); see `canonical_form` for cost and errors."""
    if _is_plain(quads):
        return _sorted_form(quads)
    text = ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b""
    try:
        done = subprocess.run(  # noqa: S603 - our own module, no shell
            [sys.executable, "-m", __name__],
            input=text,
            capture_output=True,
            timeout=deadline_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode != 0:
        detail = f"its blank nodes look alike; {deadline_s:g} s did not suffice to tell them apart"
        raise NotCanonical("canonicalisation-too-long", detail)
    return done.stdout


def _dataset(document: Json, loader: Loader, left_out: set[str]) -> Mapping[str, Json]:
    options = {
        "documentLoader": loader,
        "base": _NO_BASE,
        "processingMode": "json-ld-1.1",
        "produceGeneralizedRdf": False,
    }
    try:
        nodes = jsonld.expand(
            document, options, on_property_dropped=lambda key: left_out.add(str(key))
        )
        dataset: Mapping[str, Json] = jsonld.to_rdf(nodes, options)
    except ContextUnknown as error:
        raise NotCanonical("context-unknown", f"the context {error} is not known here") from error
    except (jsonld.JsonLdError, ValueError, TypeError, KeyError, AttributeError, IndexError,
            ArithmeticError, RecursionError) as error:  # fmt: skip
        # PyLD also raises bare Python errors on malformed documents, so the list is wide.
        cause = error.__context__ or error.__cause__
        if isinstance(cause, ContextUnknown) or "ContextUnknown" in str(error):
            raise NotCanonical("context-unknown", "a context is not known here") from error
        line = (str(error).splitlines() or [type(error).__name__])[0][:300]
        raise NotCanonical("jsonld-invalid", f"it is not valid JSON-LD: {line}") from error
    return dataset


def _quads(dataset: Mapping[str, Json], left_out: set[str]) -> Iterable[ox.Quad]:
    for name, quads in dataset.items():
        for quad in quads:
            terms = [quad[part] for part in ("subject", "predicate", "object")]
            texts = [name, *(term["value"] for term in terms if term["type"] != "literal")]
            relative = [t.removeprefix(_NO_BASE) for t in texts if t.startswith(_NO_BASE)]
            if relative:
                left_out.update(relative)
                continue
            try:
                yield _quad(name, terms)
            except (ValueError, TypeError):
                left_out.add(terms[1]["value"])


def _quad(name: str, terms: Sequence[Mapping[str, str]]) -> ox.Quad:
    subject, predicate, value = terms
    node = _node(subject["value"])
    graph = ox.DefaultGraph() if name == _DEFAULT else _node(name)
    verb = ox.NamedNode(predicate["value"])
    if value["type"] != "literal":
        return ox.Quad(node, verb, _node(value["value"]), graph)
    if value.get("language"):
        return ox.Quad(node, verb, ox.Literal(value["value"], language=value["language"]), graph)
    datatype = ox.NamedNode(value["datatype"])
    return ox.Quad(node, verb, ox.Literal(value["value"], datatype=datatype), graph)


def _node(text: str) -> ox.NamedNode | ox.BlankNode:
    return ox.BlankNode(text[2:]) if text.startswith("_:") else ox.NamedNode(text)


def _is_plain(quads: Iterable[ox.Quad]) -> bool:
    """Say whether every blank node differs from all others by its own quads already.

    Then the algorithm names them in its first pass (RDFC-1.0 §4.4.3 step 4), in linear time.
    """
    seen: defaultdict[ox.BlankNode, list[str]] = defaultdict(list)
    for quad in quads:
        terms = (quad.subject, quad.predicate, quad.object, quad.graph_name)
        for node in {term for term in terms if isinstance(term, ox.BlankNode)}:
            seen[node].append(" ".join(_seen_from(node, term) for term in terms))
    looks = Counter("\n".join(sorted(lines)) for lines in seen.values())
    return all(number == 1 for number in looks.values())


def _seen_from(node: ox.BlankNode, term: object) -> str:
    if not isinstance(term, ox.BlankNode):
        return str(term)
    return "_:a" if term == node else "_:z"


def _sorted_form(quads: Iterable[ox.Quad]) -> bytes:
    dataset = ox.Dataset(quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    lines = (ox.serialize([quad], format=ox.RdfFormat.N_QUADS) or b"" for quad in dataset)
    return b"".join(sorted(lines))


def main() -> None:
    """In a process of its own: canonicalise the N-Quads of standard input."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    quads = [
        quad
        for quad in ox.parse(sys.stdin.buffer.read(), format=ox.RdfFormat.N_QUADS)
        if isinstance(quad, ox.Quad)
    ]
    sys.stdout.buffer.write(_sorted_form(quads))


if __name__ == "__main__":
    main()

"""Give blank nodes names that stay the same from import to import (RDF 1.1 Concepts §3.5)."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from kgservice.model.rdf import Blank, Iri, Term, Triple, to_text

_MAX_ROUNDS: Final = 16


def skolemise(triples: Iterable[Triple], prefix: str) -> tuple[Triple, ...]:
    """Replace each blank node by `prefix` and a hash of its content and of what points to it.

    A change elsewhere in the document leaves the name alone. Two nodes that say the same and
    are pointed to by the same become one, which loses no information (RDF 1.1 Semantics §4).
    """
    statements = list(triples)
    labels = _labels(statements)
    if not labels:
        return tuple(dict.fromkeys(statements))
    names = {label: Iri(prefix + hashed[:32]) for label, hashed in labels.items()}

    def named(term: Term) -> Term:
        return names[term.label] if isinstance(term, Blank) else term

    renamed = (
        Triple(names[s.label] if isinstance(s, Blank) else s, p, named(o)) for s, p, o in statements
    )
    return tuple(dict.fromkeys(renamed))


def _labels(statements: list[Triple]) -> dict[str, str]:
    """Refine hashes until every node has seen its whole neighbourhood, at most 16 steps far."""
    outgoing: dict[str, list[tuple[str, Term]]] = defaultdict(list)
    incoming: dict[str, list[tuple[str, Term]]] = defaultdict(list)
    for subject, predicate, value in statements:
        if isinstance(subject, Blank):
            outgoing[subject.label].append((predicate.value, value))
        if isinstance(value, Blank):
            incoming[value.label].append((predicate.value, subject))
    labels = dict.fromkeys([*outgoing, *incoming], "")

    def text(term: Term) -> str:
        return labels[term.label] if isinstance(term, Blank) else to_text(term)

    for _ in range(min(len(labels), _MAX_ROUNDS) + 1):
        labels = {
            label: _digest(
                sorted(f">{p} {text(o)}" for p, o in outgoing[label]),
                sorted(f"<{p} {text(s)}" for p, s in incoming[label]),
            )
            for label in labels
        }
    return labels


def _digest(*parts: list[str]) -> str:
    return hashlib.sha256("\n".join(line for part in parts for line in part).encode()).hexdigest()

"""Name the fields of a document, as paths from what it is about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from kgservice.model.rdf import Iri, Term, Triple
from kgservice_importers.dcat.tables import Tables

_DEEPEST: Final = 8


def paths_of(
    root: Iri, triples: Iterable[Triple], words: Mapping[Term, frozenset[str]], tables: Tables
) -> tuple[frozenset[str], frozenset[str]]:
    """Give the paths of what was read and of what was not, such as `dcat:theme/skos:prefLabel`.

    A node that is reached in two ways is named by the shorter one; what nothing points to (the
    catalogue that lists a dataset) is named by itself.

    Args:
        root: What the document is about.
        triples: Its statements as found.
        words: Predicates of the words of others that the page explains; those are not read.
        tables: Prefixes.
    """
    by_subject: defaultdict[Term, list[Triple]] = defaultdict(list)
    for triple in triples:
        by_subject[triple.subject].append(triple)
    found: set[str] = set()
    unread: set[str] = set()
    seen: set[Term] = {root}
    level: list[tuple[Term, str]] = [(root, "")]
    for _ in range(_DEEPEST):
        below: list[tuple[Term, str]] = []
        for subject, path in level:
            for triple in by_subject.pop(subject, ()):
                name = path + tables.short(triple.predicate.value)
                found.add(name)
                unread.update(f"{name}/{tables.short(p)}" for p in words.get(triple.object, ()))
                if triple.object in by_subject and triple.object not in seen:
                    seen.add(triple.object)
                    below.append((triple.object, name + "/"))
        level = below
    found.update(tables.short(t.predicate.value) for rest in by_subject.values() for t in rest)
    return frozenset(found), frozenset(unread)

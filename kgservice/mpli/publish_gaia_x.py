"""The documents of the federation as Gaia-X self-descriptions, as a federated catalogue gives them.

A credential that carries a proof is given byte for byte as its issuer made it, so that its readers
check it themselves. Of every other document a description is made from what was admitted of it.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from kgservice.model.errors import NotFound
from kgservice.model.rdf import RDF, XSD, Iri, Literal, Row, Term, Triple, is_valid_iri, to_text
from kgservice.model.terms import KG
from kgservice.mpli.publish import Edition
from kgservice.store.documents import ContentStore
from kgservice.store.queries import load_query

STATUSES: Final = ("active", "deprecated", "eol", "revoked")
"""What a description can be; one that is no longer in its source is deprecated (XFSC Federated
Catalogue, SelfDescriptionStatus: eol is set when a credential's validity ends)."""

CONTEXT: Final[Mapping[str, str]] = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcterms": "http://purl.org/dc/terms/",
    "gx": "https://w3id.org/gaia-x/2511#",
    "kg": KG.NS,
    "schema": "https://schema.org/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": XSD,
}
_UNSIGNED: Final = frozenset({KG.ProofAbsent, KG.ProofInvalid})
_INFERRED: Final = "/inferred"
_FIRST, _LAST = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which descriptions are asked for; an empty tuple or text means any.

    `since` and `until` bound the time of the last change, xsd:dateTime texts.
    """

    issuers: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ("active",)
    since: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One description in the list: its document, the hash it is fetched by, time and status."""

    document: str
    hash: str
    changed: str
    status: str


@dataclass(frozen=True, slots=True)
class Description:
    """One description.

    Attributes:
        entry: As listed.
        id: What it is about.
        source_id: The document's id within its catalogue.
        issuer: Who said it; the catalogue where nobody signed.
        imported: When it was taken over, xsd:dateTime text.
        media_type: Of the content.
        is_original: The content are the bytes that the issuer signed.
        content_hash: Of the original bytes.
    """

    entry: Entry
    id: str
    source_id: str
    issuer: str
    imported: str
    media_type: str
    is_original: bool
    content_hash: str


class Descriptions:
    """The descriptions of one edition, as they are at a moment: a validity may have ended."""

    def __init__(self, edition: Edition, contents: ContentStore, now: datetime) -> None:
        """Read documents of an edition, and original bytes."""
        self._edition = edition
        self._contents = contents
        self._now = now

    def era(self) -> int:
        """Number the time between two ends of a validity: within one, answers stay as they are."""
        ends = self._edition.remember("gaia-x ends", self._ends, lambda made: 60 * len(made))
        return bisect_right(ends, self._now)

    def _ends(self) -> list[datetime]:
        rows = self._edition.rows("publish-gaia-x-ends")
        return sorted(_moment(_value(row["end"])) for row in rows)

    def entries(self, wanted: Wanted) -> list[Entry]:
        """List what is asked for, in the order of changes; remembered for this edition."""
        return self._edition.remember(
            ("gaia-x", wanted, self.era()),
            lambda: self._entries(wanted),
            lambda made: 300 * len(made),
        )

    def listed(self, documents: Iterable[str]) -> list[Entry]:
        """Give the entries of some documents, whatever their status."""
        wanted = set(documents)
        return [one for one in self.entries(Wanted(statuses=())) if one.document in wanted]

    def described(self, entries: Sequence[Entry]) -> list[Description]:
        """Tell what is known of some entries, in their order."""
        by_name = {entry.document: entry for entry in entries}
        rows: dict[str, list[Row]] = {}
        for row in self._edition.rows_about("publish-gaia-x-document", list(by_name)):
            rows.setdefault(_value(row["subject"]), []).append(row)
        return [_description(by_name[name], rows[name]) for name in by_name if name in rows]

    def one(self, hash_: str) -> Description:
        """Give the description that is fetched by a hash.

        Raises:
            NotFound: there is none (`description-unknown`).
        """
        entries = self.entries(Wanted(hashes=(hash_,), statuses=()))
        live = [entry for entry in entries if entry.status != "deprecated"]
        found = self.described((live or entries)[:1])
        if not found or not (found[0].is_original or live):
            raise NotFound(
                f"No self-description has the hash {hash_[:80]!r}.",
                code="description-unknown",
                hint="GET /self-descriptions lists those there are; a change gives a new hash.",
            )
        return found[0]

    def contents(self, descriptions: Sequence[Description]) -> list[bytes]:
        """Give the bytes of descriptions: the original ones, or JSON-LD that is made here.

        About 2 ms each, in two queries for all of them.
        """
        made = self.statements([one for one in descriptions if not one.is_original])
        return [
            self._contents.get(one.content_hash)
            if one.is_original
            else json_ld(made[one.entry.document], first=one.id)
            for one in descriptions
        ]

    def statements(self, descriptions: Sequence[Description]) -> dict[str, list[Triple]]:
        """Give by document what was admitted of it, and what follows from it in our words."""
        names = [one.entry.document for one in descriptions]
        found: dict[str, list[Triple]] = {name: [] for name in names}
        graphs = [name + end for name in names for end in ("", _INFERRED)]
        for row in self._edition.rows_about("publish-gaia-x-statements", graphs):
            subject, predicate = row["s"], row["p"]
            if isinstance(subject, Iri) and isinstance(predicate, Iri):
                document = _value(row["subject"]).removesuffix(_INFERRED)
                found[document].append(Triple(subject, predicate, row["o"]))
        subjects = {_value(t.subject) for triples in found.values() for t in triples}
        words = self._edition.statements("publish-gaia-x-words", sorted(subjects))
        by_subject: dict[str, list[Triple]] = {}
        for triple in words:
            by_subject.setdefault(_value(triple.subject), []).append(triple)
        return {name: _with_words(triples, by_subject) for name, triples in found.items()}

    def _entries(self, wanted: Wanted) -> list[Entry]:
        parameters: dict[str, Term] = {
            "from": Literal(wanted.since or _FIRST, XSD + "dateTime"),
            "until": Literal(wanted.until or _LAST, XSD + "dateTime"),
            "now": Literal(self._now.isoformat(), XSD + "dateTime"),
        }
        text = load_query("publish-gaia-x-documents", parameters)
        texts = {"hash": wanted.hashes, "status": wanted.statuses}
        names = {"issuer": wanted.issuers, "id": wanted.ids}
        if any(values and not any(map(is_valid_iri, values)) for values in names.values()):
            return []
        for name, values in names.items():
            text = _with_values(text, name, [Iri(v) for v in values if is_valid_iri(v)])
        for name, values in texts.items():
            text = _with_values(text, name, [Literal(value) for value in values])
        found = {
            Entry(*(_value(row[name]) for name in ("document", "hash", "changed", "status")))
            for row in self._edition.run(text)
        }
        return sorted(found, key=lambda entry: (entry.changed, entry.document))


def _with_words(triples: Sequence[Triple], words: Mapping[str, Sequence[Triple]]) -> list[Triple]:
    """Add the statements about a document's things, and about the nodes that those lead to."""
    found = list(triples)
    todo = {_value(t.subject) for t in triples}
    done: set[str] = set()
    while todo:
        name = todo.pop()
        done.add(name)
        for triple in words.get(name, ()):
            found.append(triple)
            target = _value(triple.object)
            if target.startswith(name + "#") and target not in done:
                todo.add(target)
    return found


def _with_values(text: str, name: str, values: Sequence[Term]) -> str:
    """Put values into `VALUES ?name { UNDEF }`; without any, UNDEF stays and stands for all."""
    if not values:
        return text
    listed = " ".join(to_text(value) for value in values)
    return text.replace(f"VALUES ?{name} {{ UNDEF }}", f"VALUES ?{name} {{ {listed} }}")


def _moment(text: str) -> datetime:
    """Read an xsd:dateTime; one without a zone is in UTC, one that cannot be read never comes."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _value(term: Term) -> str:
    return term.label if not isinstance(term, Iri | Literal) else term.value


def _description(entry: Entry, rows: Sequence[Row]) -> Description:
    row = rows[0]
    ranked = {(_value(one["rank"]), _value(one["described"])) for one in rows if "described" in one}
    about = [name for _, name in sorted(ranked)]
    is_original = row["proof"] not in _UNSIGNED
    return Description(
        entry=entry,
        id=about[0] if about else _value(row["source"]),
        source_id=_value(row["source"]),
        issuer=_value(row["issuer"]),
        imported=_value(row["imported"]),
        media_type=_value(row["format"]) if is_original else "application/ld+json",
        is_original=is_original,
        content_hash=_value(row["content"]),
    )


def json_ld(statements: Iterable[Triple], first: str) -> bytes:
    """Write statements as a JSON-LD graph, the node that it is about first; always the same way."""
    nodes: dict[str, dict[str, list[object]]] = {}
    for subject, predicate, value in sorted(set(statements)):
        node = nodes.setdefault(_value(subject), {})
        if predicate.value == RDF + "type":
            node.setdefault("@type", []).append(_short(_value(value)))
        else:
            node.setdefault(_short(predicate.value), []).append(_written(value))
    order = sorted(nodes, key=lambda name: (name != first, name))
    graph = [
        {"@id": name} | {k: v[0] if len(v) == 1 else v for k, v in nodes[name].items()}
        for name in order
    ]
    document = {"@context": dict(CONTEXT), "@graph": graph}
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def _short(iri: str) -> str:
    for prefix, namespace in CONTEXT.items():
        local = iri.removeprefix(namespace)
        if local != iri and local.replace("-", "").replace("_", "").isalnum():
            return f"{prefix}:{local}"
    return iri


def _written(value: Term) -> object:
    if not isinstance(value, Literal):
        return {"@id": _value(value)}
    if value.language:
        return {"@value": value.value, "@language": value.language}
    if value.datatype == XSD + "string":
        return value.value
    return {"@value": value.value, "@type": _short(value.datatype)}

"""The packaged vocabulary: its statements, and what they say as a value that pure rooms can use."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import pyoxigraph as ox

from kgservice.model.errors import InputError
from kgservice.model.rdf import Blank, Iri, Literal, Term, Triple
from kgservice.model.vocabulary import Vocabulary
from kgservice.store._reading import read_vocabulary

_FORM = b"1"
"""Raised when the same files give another vocabulary graph."""
_NO_VOCABULARY = frozenset({"align", "queries"})


def load_vocabulary(paths: Iterable[Path] = ()) -> Vocabulary:
    """Read the packaged vocabulary, label schemes, recipes and further ontology files as a value.

    A further file may be Turtle, N-Triples or RDF/XML; a folder stands for the files in it.
    About 20 ms.

    Raises:
        InputError: a file cannot be read or is no RDF (`ontology-invalid`), or two units or
            named values share a name (`vocabulary-ambiguous`).
    """
    further = ontology_triples(paths)
    read = read_vocabulary((*vocabulary_triples(), *_scheme_triples(), *further))
    recipes = (*shape_triples("recipes"), *further)
    return replace(read, recipes=recipes, shapes=(*shape_triples("requirements"), *further))


def vocabulary_triples() -> list[Triple]:
    """Give the statements of `vocab/*.ttl` and its kinds, without alignment; blank nodes unique."""
    return _packaged("kgservice_vocab", without=_NO_VOCABULARY)


def alignment_triples() -> list[Triple]:
    """Give the axioms of `vocab/align/*.ttl`, which tie other people's terms to ours."""
    return _packaged("kgservice_vocab", "align")


def ontology_triples(paths: Iterable[Path]) -> list[Triple]:
    """Read ontology files from outside the package; a folder stands for its files, by name.

    Raises:
        InputError: a file cannot be read or is no RDF (`ontology-invalid`); `at` is `file:line`.
    """
    found: list[Triple] = []
    for path in paths:
        files = sorted(path.rglob("*.ttl")) if path.is_dir() else [path]
        for file in files:
            found.extend(_ontology(file))
    return found


def _ontology(file: Path) -> list[Triple]:
    rdf_format = ox.RdfFormat.from_extension(file.suffix.lstrip(".")) or ox.RdfFormat.TURTLE
    try:
        return list(_parse(file.read_bytes(), rdf_format, base=file.absolute().as_uri()))
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise InputError(
            f"The ontology cannot be read: {reason}.", code="ontology-invalid", at=str(file)
        ) from None
    except SyntaxError as error:
        raise InputError(
            f"This is no RDF: {error.msg}.",
            code="ontology-invalid",
            at=f"{file}:{error.lineno or 1}",
            hint="The file's extension says its format: .ttl, .nt or .rdf.",
        ) from None


def _scheme_triples() -> list[Triple]:
    return shape_triples("labels")


def shape_triples(folder: str) -> list[Triple]:
    """Give the statements of a folder of `shapes`, such as `labels`; blank nodes unique."""
    return _packaged("kgservice_shapes", folder)


def turtle_triples(text: str) -> list[Triple]:
    """Read a Turtle text of our own; blank nodes are told apart by what is in it."""
    return list(_parse(text.encode(), ox.RdfFormat.TURTLE))


def vocabulary_digest(paths: Iterable[Path] = ()) -> str:
    """Hash the bytes of the packaged vocabulary, label schemes, recipes and further ontology files.

    With this module and `inference.tbox`, they say what the vocabulary graph holds. A file that
    cannot be read counts by its name; reading it will say what is wrong.
    """
    whole = hashlib.sha256(_FORM)
    vocabulary, shapes = (resources.files(f"kgservice_{name}") for name in ("vocab", "shapes"))
    packaged = (
        *_turtle_files(vocabulary, _NO_VOCABULARY),
        *_turtle_files(shapes.joinpath("labels"), frozenset()),
        *_turtle_files(shapes.joinpath("recipes"), frozenset()),
    )
    further = [f for p in paths for f in (sorted(p.rglob("*.ttl")) if p.is_dir() else [p])]
    for file in (*packaged, *further):
        content = file.read_bytes() if file.is_file() else b""
        whole.update(f"{file.name} {len(content)} ".encode() + content)
    return whole.hexdigest()


def _packaged(package: str, *folder: str, without: frozenset[str] = frozenset()) -> list[Triple]:
    root = resources.files(package).joinpath(*folder)
    return [
        triple
        for file in _turtle_files(root, without)
        for triple in _parse(file.read_bytes(), ox.RdfFormat.TURTLE)
    ]


def _turtle_files(folder: Traversable, without: frozenset[str]) -> Iterator[Traversable]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir() and entry.name not in without:
            yield from _turtle_files(entry, without)
        elif entry.name.endswith(".ttl"):
            yield entry


def _parse(content: bytes, rdf_format: ox.RdfFormat, base: str | None = None) -> Iterator[Triple]:
    prefix = hashlib.sha256(content).hexdigest()[:12]
    # Numbered as they come: the engine's own labels of nameless nodes differ each time, and what
    # is read here is compared with what was read before.
    numbers: dict[str, int] = {}

    def term(node: object) -> Term:
        if isinstance(node, ox.NamedNode):
            return Iri(node.value)
        if isinstance(node, ox.BlankNode):
            return Blank(f"{prefix}-{numbers.setdefault(node.value, len(numbers))}")
        if isinstance(node, ox.Literal):
            return Literal(node.value, node.datatype.value, node.language or "")
        raise TypeError("quoted triples are not read")

    for quad in ox.parse(content, format=rdf_format, base_iri=base):
        subject, value = term(quad.subject), term(quad.object)
        if not isinstance(subject, Literal):
            yield Triple(subject, Iri(quad.predicate.value), value)

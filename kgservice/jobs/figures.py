"""What a worker says of its pace and its conversions, as statements about the worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kgservice.model.rdf import Iri, Triple, is_valid_iri, typed
from kgservice.model.terms import KG, RDF
from kgservice.plan import WORKER_VERBS

MAX_FIGURES = 100
"""Figures and conversions that a registration may hold, each."""

_TIMED = ("export", "import")
_MOST = Decimal(10) ** 15


@dataclass(frozen=True, slots=True)
class Figure:
    """How quickly a worker takes data out, brings it in, or converts it.

    Attributes:
        verb: `export` or `import`; a conversion is part of `import`.
        of: IRI of the format, or of the conversion.
        bytes_per_second: The rate that can be counted on.
        fixed_seconds: What it takes however little there is.
    """

    verb: str
    of: str
    bytes_per_second: Decimal
    fixed_seconds: Decimal = Decimal(0)


def figure_triples(node: Iri, figures: Sequence[Figure]) -> Iterator[Triple]:
    """Write figures as statements about a worker; each is a node under the worker's IRI."""
    for number, figure in enumerate(figures, 1):
        one = Iri(f"{node.value}#figure-{number}")
        yield Triple(node, KG.figure, one)
        yield Triple(one, RDF.type, KG.TransferFigure)
        yield Triple(one, KG.verb, WORKER_VERBS[figure.verb])
        yield Triple(one, KG.figureOf, Iri(figure.of))
        yield Triple(one, KG.bytesPerSecond, typed(f"{figure.bytes_per_second:f}", "decimal"))
        yield Triple(one, KG.fixedSeconds, typed(f"{figure.fixed_seconds:f}", "decimal"))


def wrong_figures(figures: Sequence[Figure], conversions: Sequence[str]) -> Iterator[str]:
    """Complain of figures that are none, and of conversions that have no IRI."""
    if max(len(figures), len(conversions)) > MAX_FIGURES:
        yield f"there are more than {MAX_FIGURES} figures or conversions"
    for iri in (*conversions, *(figure.of for figure in figures)):
        if not is_valid_iri(iri):
            yield f"{iri!r} is not an IRI"
    for figure in figures:
        if figure.verb not in _TIMED:
            yield f"{figure.verb!r} has no figures, {' and '.join(_TIMED)} have"
        rate, fixed = figure.bytes_per_second, figure.fixed_seconds
        if not (rate.is_finite() and 0 < rate <= _MOST):
            yield f"{rate} is no rate in bytes per second"
        if not (fixed.is_finite() and 0 <= fixed <= _MOST):
            yield f"{fixed} is no number of seconds"

"""Ways of a move: the paths that the graph derived, with what is expected of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

_MILLI = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Pace:
    """How quickly something is done: a worker's figure.

    Attributes:
        rate: Bytes per second.
        fixed: Seconds that it takes however little there is.
    """

    rate: Fraction
    fixed: Fraction = Fraction(0)

    def seconds(self, amount: int) -> Fraction:
        """Say how long an amount of bytes takes."""
        return self.fixed + Fraction(amount) / self.rate


@dataclass(frozen=True, slots=True)
class MovePath:
    """One row of `move-ways.rq`: a path with the workers on it and their figures.

    Attributes:
        iri: The derived path.
        from_format: Local name of the format in which data is taken out.
        to_format: Local name of the format in which it is brought in.
        giver: The worker that takes it out.
        taker: The worker that brings it in.
        conversion: IRI of what the taker converts by, or empty.
        exporting: Pace of taking out; None when no figure was registered.
        converting: Pace of the conversion, likewise.
        importing: Pace of bringing in, likewise.
    """

    iri: str
    from_format: str
    to_format: str
    giver: str
    taker: str
    conversion: str = ""
    exporting: Pace | None = None
    converting: Pace | None = None
    importing: Pace | None = None

    def gap(self, amount: int) -> Fraction | None:
        """Give the seconds from fence to cut-over for an amount of bytes; None when unknown.

        The source is fenced before it is taken out, so that export, conversion and import all
        fall into the gap.
        """
        paces = [self.exporting, self.importing] + ([self.converting] if self.conversion else [])
        known = [pace for pace in paces if pace is not None]
        if len(known) < len(paces):
            return None
        return sum((pace.seconds(amount) for pace in known), Fraction(0))


@dataclass(frozen=True, slots=True)
class Way:
    """The way that a plan takes for a service.

    Attributes:
        service: IRI of the service that is moved.
        path: IRI of the derived path; empty when none is known.
        from_format: Local name of the format in which data is taken out.
        to_format: Local name of the format in which it is brought in.
        conversion: IRI of the conversion, or empty.
        workers: IRIs of the workers on the path.
        carries: Bytes that are expected to be carried; None when unknown.
        write_gap: Expected seconds without writes, three decimals; empty when unknown.
        work: Expected seconds of workers, likewise.
    """

    service: str
    path: str
    from_format: str
    to_format: str = ""
    conversion: str = ""
    workers: tuple[str, ...] = ()
    carries: int | None = None
    write_gap: str = ""
    work: str = ""


def best_way(service: str, paths: Iterable[MovePath], amount: int | None) -> Way | None:
    """Choose the path with the shortest expected gap; one whose gap is unknown comes after.

    Of a path that several workers could take the slowest counts, since any of them may be given
    the task. Ties go to the lowest IRI. None when there is no path.
    """
    found: dict[str, list[MovePath]] = {}
    for path in paths:
        found.setdefault(path.iri, []).append(path)
    ranked = sorted(
        ((_worst(rows, amount), iri) for iri, rows in found.items()),
        key=lambda one: (one[0] is None, one[0] or Fraction(0), one[1]),
    )
    if not ranked:
        return None
    gap, iri = ranked[0]
    first = found[iri][0]
    text = "" if gap is None else seconds_text(gap)
    return Way(
        service=service,
        path=iri,
        from_format=first.from_format,
        to_format=first.to_format,
        conversion=first.conversion,
        workers=tuple(sorted({w for row in found[iri] for w in (row.giver, row.taker)})),
        carries=amount,
        write_gap=text,
        work=text,
    )


def _worst(rows: list[MovePath], amount: int | None) -> Fraction | None:
    gaps = [None if amount is None else row.gap(amount) for row in rows]
    known = [gap for gap in gaps if gap is not None]
    return max(known) if len(known) == len(gaps) else None


def seconds_text(seconds: Fraction) -> str:
    """Write seconds with three decimals."""
    exact = Decimal(seconds.numerator) / Decimal(seconds.denominator)
    return f"{exact.quantize(_MILLI, ROUND_HALF_EVEN):f}"

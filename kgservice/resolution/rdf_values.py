"""Values of shapes, given in the type that the vocabulary gives a property."""

from __future__ import annotations

from kgservice.model.duration import iso_duration
from kgservice.model.errors import InputError
from kgservice.model.rdf import XSD, Iri, Literal, Term
from kgservice.model.vocabulary import PropertyInfo
from kgservice.resolution.conditions import Value
from kgservice.resolution.rdf_graph import Node
from kgservice.resolution.values import decimal_text, is_numeric, number_of


def coerced(term: Term | None, info: PropertyInfo, node: Node) -> Value:
    """Give a value in the property's own type (`16` for a decimal is `16.0` for us).

    Raises:
        InputError: it is not of the property's type (`value-invalid`).
    """
    if isinstance(term, Iri) and not info.datatype:
        return term
    if isinstance(term, Literal) and info.datatype:
        number = number_of(term) if is_numeric(info) else None
        if number is not None:
            is_whole = number.denominator == 1
            if info.datatype == XSD + "integer" and is_whole:
                return Literal(str(number.numerator), info.datatype)
            if info.datatype != XSD + "integer":
                return Literal(decimal_text(number), XSD + "decimal")
        elif not is_numeric(info):
            return _typed(term, info, node)
    shown = term[0] if term is not None else "nothing"
    raise InputError(
        f"{info.name}: {shown!r} is not of its type.", code="value-invalid", at=node.at
    )


def _typed(term: Literal, info: PropertyInfo, node: Node) -> Literal:
    if info.datatype == XSD + "duration":
        return Literal(iso_duration(term.value), info.datatype)
    if info.datatype == XSD + "boolean" and term.value not in ("true", "false"):
        raise InputError(
            f"{info.name}: {term.value!r} is not of its type.", code="value-invalid", at=node.at
        )
    is_date = info.datatype == XSD + "dateTime" and term.datatype == XSD + "date"
    return Literal(term.value, term.datatype if is_date else info.datatype)

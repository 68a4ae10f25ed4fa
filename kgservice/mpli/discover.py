"""Discovery: which offerings there are, with simple filters."""

from __future__ import annotations

from collections.abc import Mapping

from kgservice.model.errors import InputError, NotFound
from kgservice.model.rdf import Iri, Literal, Row, is_valid_iri
from kgservice.mpli.application import Application
from kgservice.store.port import QueryScope
from kgservice.store.queries import load_query

MAX_PAGE = 200
_FILTERS = {"kind", "country", "provider", "text", "offset", "limit"}


def offerings(application: Application, wanted: Mapping[str, str]) -> dict[str, object]:
    """List offerings that match, ordered by title and IRI, a page at a time.

    `wanted` may hold `kind`, `country`, `provider`, `text`, `offset` and `limit`.

    Raises:
        InputError: a filter is unknown or its value cannot be read.
    """
    unknown = sorted(set(wanted) - _FILTERS)
    if unknown:
        raise InputError(
            f"There is no filter {unknown[0]!r}.",
            code="filter-unknown",
            at=f"?{unknown[0]}",
            hint=f"Use {', '.join(sorted(_FILTERS))}.",
        )
    offset, limit = _number(wanted, "offset", 0), _number(wanted, "limit", 50)
    bindings: dict[str, Iri] = {"kind": _kind(application, wanted.get("kind", "Offering"))}
    if "country" in wanted:
        bindings["country"] = _country(application, wanted["country"])
    if "provider" in wanted:
        bindings["provider"] = _iri(wanted["provider"], "provider")
    text = load_query("offerings", bindings)
    with application.store.session(scope=QueryScope()) as session:
        rows = session.select(text, where="snapshot")
    words = wanted.get("text", "").lower().split()
    found = [row for row in _collect(rows) if all(w in str(row["title"]).lower() for w in words)]
    page = found[offset : offset + min(max(limit, 1), MAX_PAGE)]
    return {"total": len(found), "offset": offset, "offerings": page}


def _collect(rows: list[Row]) -> list[dict[str, object]]:
    """Join the rows of one offering; several values of a name become a list in order."""
    by_offering: dict[str, dict[str, object]] = {}
    for row in rows:
        iri = _text(row, "offering")
        entry = by_offering.setdefault(
            iri,
            {
                "offering": iri,
                "title": _text(row, "title"),
                "provider": _text(row, "provider"),
                "providerName": _text(row, "providerName"),
                "kinds": [],
                "countries": [],
                "status": _text(row, "status").rpartition("#")[2],
            },
        )
        for name, variable in (("kinds", "class"), ("countries", "place")):
            values = entry[name]
            value = _text(row, variable).rpartition("/")[2].rpartition("#")[2]
            if isinstance(values, list) and value and value not in values:
                values.append(value)
    return sorted(by_offering.values(), key=lambda entry: (str(entry["title"]), entry["offering"]))


def _text(row: Row, name: str) -> str:
    term = row.get(name)
    if term is None:
        return ""
    return term[0]


def _number(wanted: Mapping[str, str], name: str, default: int) -> int:
    text = wanted.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise InputError(f"{name} is not a number: {text!r}.", code="filter-invalid", at=f"?{name}")
    return int(text)


def _kind(application: Application, name: str) -> Iri:
    if name in application.vocabulary.classes:
        return application.vocabulary.classes[name]
    if ":" in name:
        return _iri(name, "kind")
    raise InputError(
        f"No kind of service is called {name!r}.",
        code="kind-unknown",
        at="?kind",
        hint=f"Known: {', '.join(sorted(application.vocabulary.classes))}.",
    )


def _country(application: Application, name: str) -> Iri:
    country = application.vocabulary.countries.get(name.lower())
    if country is None:
        raise InputError(f"No country is called {name!r}.", code="country-unknown", at="?country")
    return country.iri


def _iri(text: str, name: str) -> Iri:
    if not is_valid_iri(text):
        raise InputError(f"{text!r} is not an IRI.", code="filter-invalid", at=f"?{name}")
    return Iri(text)


def called(application: Application, title: str) -> str:
    """Give the IRI of the one provider or offering that is called so.

    Raises:
        NotFound: nothing or several things are called so (`offering-unknown`).
    """
    rows = application.store.read(load_query("named-targets", {"title": Literal(title)}))
    meant = sorted({row["target"][0] for row in rows})
    if len(meant) != 1:
        raise NotFound(
            f"Nothing is called {title!r}."
            if not meant
            else f"Several things are called {title!r}.",
            code="offering-unknown",
            hint="Give the IRI of a provider or an offering; `/mpli/v1/offerings` lists them.",
        )
    return meant[0]

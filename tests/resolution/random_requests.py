"""Random small catalogues and requests, biased so that about half of them are feasible."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import combinations_with_replacement
from random import Random

from kgservice.model.rdf import XSD, Iri, Literal
from kgservice.model.terms import KG
from kgservice.resolution.conditions import Evidence
from kgservice.resolution.preferences import Extent, Preference
from kgservice.resolution.request import (
    AllOf,
    AnyOf,
    AtMost,
    Capacity,
    Compare,
    Compatible,
    Component,
    Constraint,
    Different,
    Each,
    Has,
    InSet,
    LabelAtLeast,
    Matches,
    NoneOf,
    NotIn,
    OneOf,
    Operator,
    PairLimit,
    Policy,
    ProductLimit,
    Ranking,
    Request,
    Same,
    Some,
    SumLimit,
)
from kgservice.resolution.worked_steps import chain_of
from tests.resolution.worlds import (
    LEVELS,
    PROPERTIES,
    SCHEME,
    Charge,
    Label,
    Offer,
    World,
    country,
    place,
    provider,
)

CODES = ("NLD", "DEU", "BEL", "FRA", "USA")
CITIES = ("Amsterdam-1", "Amersfoort", "Gent")
PATTERNS = ("^Am", "fo+rt$", "-[0-9]{1,2}$", "(Gent|Amersfoort)")
DURATIONS = ("P1M", "P30D", "P2M", "P60D", "P61D", "P3M", "P90D")


def random_world(random: Random) -> World:
    providers = [f"p{n}" for n in range(random.randint(2, 4))]
    places = {f"l{n}": random.choice(CODES[:4]) for n in range(4)}
    if random.random() < 0.2:
        del places["l3"]
    headquarters = {name: random.choice(CODES) for name in [*providers, "s0", "s1"]}
    if random.random() < 0.3:
        del headquarters["s1"]
    offers = [random_offer(random, number, providers) for number in range(random.randint(5, 10))]
    measured = [
        (a, b, random.choice(("0.4", "3.5", "9.99", "10", "10.0000001", "25")))
        for a, b in combinations_with_replacement(("l0", "l1", "l2", "l3"), 2)
        if random.random() < 0.9
    ]
    if random.random() < 0.2:
        measured.append(("l1", "l0", random.choice(("3.5", "10"))))
    cities = {name: random.choice(CITIES) for name in places if random.random() < 0.95}
    parents, without = _parents(random, [*providers, "s0", "s1"])
    proven = [name for name in headquarters if random.random() < 0.85]
    return World(
        offers,
        headquarters,
        places,
        measured,
        cities=cities,
        parents=parents,
        without_parent=without,
        signed_headquarters=proven,
    )


def _parents(random: Random, names: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Who owns whom: mostly one parent, now and then two, or in a circle."""
    parents: dict[str, list[str]] = {}
    for number, name in enumerate(names):
        above = names[number + 1 :] or (names[:1] if random.random() < 0.2 else [])
        if above and random.random() < 0.6:
            parents[name] = random.sample(above, min(len(above), 1 + (random.random() < 0.1)))
    return parents, [name for name in names if name not in parents and random.random() < 0.95]


def random_offer(random: Random, number: int, providers: list[str]) -> Offer:
    values: dict[str, list[str]] = {}

    def maybe(name: str, chance: float, *texts: str, most: int = 1) -> None:
        if random.random() < chance:
            values[name] = random.sample(texts, random.randint(1, min(most, len(texts))))

    maybe("majorVersion", 0.9, "13", "14", "15", "16", "17", most=3)
    maybe("location", 0.95, "l0", "l1", "l2", "l3", most=3)
    maybe("storage", 0.85, "50", "100", "500", most=2 if random.random() < 0.1 else 1)
    maybe("vcpu", 0.8, "2", "4", "8")
    maybe("extension", 0.8, "vector", "postgis", most=2)
    maybe("exportFormat", 0.8, "pg_dump-directory", "logical-replication", most=2)
    maybe("importFormat", 0.8, "pg_dump-directory", "logical-replication", most=2)
    maybe("noticePeriod", 0.8, *DURATIONS, most=2 if random.random() < 0.1 else 1)
    maybe("support", 0.7, "24x7", "8x5")
    maybe("subprocessor", 0.5, "s0", "s1", most=2)
    maybe("transferCountry", 0.4, *CODES, most=2)
    maybe("availability", 0.95, "99", "99.5", "99.9", "99.95", "100", "99.8998", "101")
    maybe("capacity", 0.9, "1", "2", "4", "10", "20")
    charges = [Charge(f"{random.randint(5, 60)}.{random.choice(('00', '50', '99'))}")]
    if random.random() < 0.3:
        charges.append(Charge("0.125", per="storage", per_quantity=random.choice((1, 10))))
    if random.random() < 0.2:
        charges.append(Charge("20.00", kind="OneTime"))
    if random.random() < 0.1:
        charges = [replace(charge, currency="USD") for charge in charges]
    elif random.random() < 0.1:
        charges = [] if random.random() < 0.5 else [replace(charges[0], is_taxed=True)]
    labels = [Label(random.choice(("basic", "high")))] if random.random() < 0.6 else []
    if random.random() < 0.2:
        labels.append(Label("high", valid_until="2026-12-31T00:00:00Z"))
    return Offer(
        id=f"o{number}",
        kind=random.choice(("PostgreSQL", "PostgreSQL", "Container")),
        provider=random.choice(providers) if random.random() < 0.95 else "",
        values=values,
        charges=charges,
        labels=labels,
        complete=[name for name in _COMPLETABLE if random.random() < 0.5],
        status=random.choice(("Launched", "Active", "Launched", "Retired")),
        signed=[name for name in (*values, "provider") if random.random() < 0.85],
    )


_COMPLETABLE = (
    "subprocessor",
    "transferCountry",
    "extension",
    "exportFormat",
    "importFormat",
    "label",
    "support",
    "majorVersion",
)


def _path(name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
    return tuple(
        chain_of(PROPERTIES[part[:-1]]) if part.endswith("+") else PROPERTIES[part]
        for part in name.split(".")
    )


def _number(name: str, text: str) -> Literal:
    is_whole = PROPERTIES[name].datatype == XSD + "integer"
    return Literal(text, XSD + ("integer" if is_whole else "decimal"))


def _condition(random: Random, name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
    operator = random.choice(list(Operator))
    if name in ("majorVersion", "storage", "vcpu"):
        texts = {"majorVersion": ("14", "15", "16"), "storage": ("50", "100"), "vcpu": ("2", "4")}
        if name == "majorVersion" and random.random() < 0.3:
            values = tuple(_number(name, text) for text in random.sample(("13", "15", "17"), 2))
            return random.choice((AnyOf, NoneOf))(values)
        bound = random.choice((Operator.GE, Operator.GE, operator))
        return Compare(bound, _number(name, random.choice(texts[name])))
    if name == "noticePeriod":
        bound = random.choice((Operator.LE, Operator.LE, operator))
        return Compare(bound, Literal(random.choice(DURATIONS[2:]), XSD + "duration"))
    if name == "monthlyPrice":
        amount = _number(name, str(random.randint(20, 70)))
        return Compare(Operator.LE, amount, random.choice(("EUR", "EUR", "USD")))
    if name == "label":
        return LabelAtLeast(
            Iri(SCHEME),
            random.choice((None, *LEVELS)),
            random.choice(("", "P1M", "P6M")),
        )
    return _chosen_from(random, name)


def _varied(random: Random, name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
    """A condition, sometimes inside `one-of`, `each` or `has`."""
    if random.random() < 0.6 or name in ("monthlyPrice", "storage"):
        return _condition(random, name)
    if name in ("location", "subprocessor"):
        return _on_parts(random, name)
    found = OneOf((_on_value(random, name), _on_value(random, name)))
    kind = PROPERTIES[name.rpartition(".")[2]].kind.value
    if kind == "Feature" and random.random() < 0.5:
        return Each(random.choice((found, _on_value(random, name))))
    if kind == "Exposure" and random.random() < 0.5:
        return Some(random.choice((found, _on_value(random, name))))
    return found


def _on_value(random: Random, name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
    found = _condition(random, name)
    return AnyOf(found.values) if isinstance(found, AllOf) else found


def _on_parts(random: Random, name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
    parts = ("country", "city") if name == "location" else ("headquarters",)
    chosen = random.sample(parts, random.randint(1, len(parts)))
    found = Has(tuple(Constraint(f"has.{p}", _path(p), _condition(random, p)) for p in chosen))
    if random.random() < 0.3:
        found = OneOf((found, AnyOf((_thing(random, name),))))  # type: ignore[assignment]
    return Some(found) if name == "subprocessor" and random.random() < 0.6 else found


def _thing(random: Random, name: str) -> Iri:
    return place(random.choice(("l0", "l1"))) if name == "location" else provider("s0")


def _chosen_from(random: Random, name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
    if name in ("location", "subprocessor"):
        return _on_parts(random, name)
    if name.endswith("city"):
        return random.choice((Matches(random.choice(PATTERNS)), AnyOf((Literal("Gent"),))))
    if name in ("extension", "exportFormat"):
        known = ("vector", "postgis") if name == "extension" else ("pg_dump-directory",)
        values = tuple(
            Iri(KG.NS + one) for one in random.sample(known, random.randint(1, len(known)))
        )
        return random.choice((AllOf, AnyOf, NoneOf))(values)
    if name == "support":
        return random.choice((AnyOf, NoneOf))((KG.NS and Iri(KG.NS + "24x7"),))
    codes = tuple(country(code) for code in random.sample(CODES[:4], 3))
    if random.random() < 0.08:
        return NotIn("EEA")
    return random.choice((AnyOf(codes), InSet("EEA"), NoneOf((country("USA"),))))


_NAMES = (
    "majorVersion",
    "storage",
    "vcpu",
    "extension",
    "exportFormat",
    "noticePeriod",
    "monthlyPrice",
    "label",
    "support",
    "location.country",
    "location.city",
    "location",
    "subprocessor",
    "provider.headquarters",
    "provider.parent+.headquarters",
    "subprocessor.headquarters",
    "transferCountry",
)


def _constraints(random: Random, owner: str, most: int) -> tuple[Constraint, ...]:
    found = []
    for name in random.sample(_NAMES, random.randint(0, most)):
        policy = random.choice((None, None, None, Policy.WARN, Policy.ACCEPT, Policy.REJECT))
        condition = _varied(random, name)
        is_wish = random.random() < 0.2
        found.append(
            Constraint(
                f"{owner}.{name}",
                _path(name),
                condition,
                None if is_wish else policy,
                is_wish,
                _evidence(random, name),
            )
        )
    return tuple(found)


def _evidence(random: Random, name: str) -> Evidence | None:
    if name in ("monthlyPrice", "label") or random.random() < 0.88:
        return None
    return random.choice((Evidence.SIGNED, Evidence.SIGNED, Evidence.SIGNED, Evidence.SELF))


def random_request(random: Random) -> Request:
    names = ("web", "db", "mid")[: random.choice((1, 2, 2, 2, 3))]
    components = tuple(
        Component(
            name=name,
            kind=Iri(KG.NS + random.choice(("PostgreSQL", "PostgreSQL", "Container"))),
            constraints=_constraints(random, name, 3),
            quantity=random.choice((1, 1, 2)),
        )
        for name in names
    )
    every = _constraints(random, "every", 2)
    together = tuple(
        joint
        for number in range(1, random.choice((1, 2, 2, 3)))
        if (joint := _joint(random, f"together.{number}", names)) is not None
    )
    prefer, ranking = _prefer(random)
    return Request(
        title="random",
        components=components,
        every=every,
        together=together,
        prefer=prefer,
        ranking=ranking,
        as_of=date(2026, 12, 1),
        unknown=random.choice((Policy.REJECT, Policy.REJECT, Policy.WARN, Policy.ACCEPT)),
        answers=random.choice((1, 2, 5, 20)),
        iri="http://127.0.0.1:8080/request/random",
    )


def random_pinned(random: Random) -> Request:
    """A request with one component that may be bound to one offering only."""
    request = random_request(random)
    first, *rest = request.components
    pinned = replace(first, use=f"urn:offer:o{random.randrange(7)}")
    return replace(request, components=(pinned, *rest))


def random_front(random: Random) -> Request:
    """A request for a Pareto front: nothing else ranks then."""
    request = random_request(random)
    names = tuple(component.name for component in request.components)
    kept = [one for one in request.together if not one.is_wish]
    return replace(
        request,
        components=tuple(
            replace(one, constraints=tuple(c for c in one.constraints if not c.is_wish))
            for one in request.components
        ),
        every=tuple(one for one in request.every if not one.is_wish),
        together=tuple(replace(one, id=f"together.{n}") for n, one in enumerate(kept, start=1)),
        prefer=tuple(random.sample(_objectives(random, names), random.randint(2, 3))),
        ranking=Ranking.PARETO,
    )


def _prefer(random: Random):  # type: ignore[no-untyped-def]  # noqa: ANN202
    ranking = random.choice((*(Ranking.LEXICOGRAPHIC,) * 4, Ranking.WEIGHTS))
    listed = ("monthlyPrice", "storage", "majorVersion", "noticePeriod")
    if ranking is Ranking.LEXICOGRAPHIC:
        chosen = random.sample(listed, random.randint(0, 2))
        found = [Preference(PROPERTIES[name], random.random() < 0.3) for name in chosen]
    else:
        weights = ("1", "0.5", "0.333333", "3")
        found = [
            Preference(PROPERTIES[name], random.random() < 0.3, random.choice(weights))
            for name in random.sample(listed[:3], random.randint(1, 3))
        ]
    return tuple(found), ranking


def _objectives(random: Random, names: tuple[str, ...]) -> list[Preference]:
    found = [
        Preference(PROPERTIES["monthlyPrice"]),
        Preference(PROPERTIES["storage"], is_maximise=random.random() < 0.7),
        Preference(PROPERTIES["availability"], is_maximise=True, extent=Extent.LOWEST),
        Preference(PROPERTIES["majorVersion"], extent=Extent.HIGHEST),
    ]
    if len(names) > 1:
        ends = tuple(random.sample(names, 2))
        found.append(Preference(PROPERTIES["roundTrip"], between=ends, path=_path("location")))
    return found


def _joint(random: Random, identity: str, names: tuple[str, ...]):  # type: ignore[no-untyped-def]  # noqa: ANN202
    if len(names) == 1:
        return None
    kind = random.choice(
        (
            "same",
            "different",
            "at-most",
            "sum",
            "compatible",
            "pair",
            "product",
            "capacity",
            "least",
        )
    )
    over = (
        names if random.random() < 0.7 else tuple(sorted(random.sample(names, 2), key=names.index))
    )
    policy = random.choice((None, None, Policy.WARN, Policy.REJECT))
    is_wish = random.random() < 0.2
    rest = (None, True) if is_wish else (policy, False)
    path = _path(random.choice(("location.country", "provider", "location", "majorVersion")))
    if kind == "same":
        return Same(identity, path, over, *rest)
    if kind == "different":
        return Different(identity, path, over, *rest)
    if kind == "at-most":
        return AtMost(identity, path, over, random.choice((1, 2)), *rest)
    if kind in ("sum", "least", "product", "capacity"):
        return _of_numbers(random, kind, identity, over, rest)
    giver, taker = random.sample(names, 2)
    if kind == "pair":
        limit = Literal(random.choice(("3.5", "10", "20", "50")), XSD + "decimal")
        ends = (PROPERTIES["roundTrip"], _path("location"), (giver, taker))
        return PairLimit(identity, *ends, limit, *rest)
    return Compatible(identity, giver, _path("exportFormat"), taker, _path("importFormat"), *rest)


def _of_numbers(random: Random, kind: str, identity: str, over: tuple[str, ...], rest):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    if kind == "capacity":
        return Capacity(identity, _path("capacity"), over, *rest)
    if kind == "product":
        share = random.choice(("97", "98.01", "99", "99.4", "99.85"))
        return ProductLimit(identity, _path("availability"), over, _decimal(share), *rest)
    policy, is_wish = rest
    if kind == "sum":
        path, limit = _path("monthlyPrice"), _decimal(str(random.randint(30, 150)))
        least = _decimal("20") if random.random() < 0.2 else None
        return SumLimit(identity, path, over, limit, "EUR", policy, least, is_wish)
    path, least = _path(random.choice(("vcpu", "storage"))), _decimal(str(random.randint(4, 120)))
    return SumLimit(identity, path, over, None, "", policy, least, is_wish)


def _decimal(text: str) -> Literal:
    return Literal(text, XSD + "decimal")

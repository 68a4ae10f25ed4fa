"""The price that `price-comparison.rq` computes is that of the one evaluator of prices."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from importlib.resources import files

import pyoxigraph as ox
from hypothesis import given, settings
from hypothesis import strategies as st

from kgservice.model.duration import parse_duration
from kgservice.model.price import PriceComponent, PriceQuestion, PriceType, evaluate
from kgservice.model.rdf import Iri, typed
from kgservice.model.terms import KG
from kgservice.store.queries import bind

TEXT = files("kgservice_vocab").joinpath("queries/price-comparison.rq").read_text("utf-8")
ASKED = {"storage": 100, "memory": 8, "vcpu": 2}
OFFERING = "<urn:x:offering>"
UNITS = """@prefix kg: <https://w3id.org/kgservice/ns#> .
kg:storage kg:storedUnit "GiB" . kg:memory kg:storedUnit "GiB" .
<urn:x:GiB> kg:unitCode "GiB" ; kg:unitFactor 1073741824 .
<urn:x:GB> kg:unitCode "GB" ; kg:unitFactor 1000000000 .
"""
numbers = st.sampled_from([1, 2, 8, 50, 100, 200])


@st.composite
def components(draw: st.DrawFn) -> tuple[PriceComponent, str]:
    """A price component, and its statements in Turtle."""
    kind = draw(st.sampled_from(list(PriceType)))
    amount = Decimal(draw(st.integers(0, 99_999))) / 1000
    currency = draw(st.sampled_from(["EUR"] * 9 + ["USD"]))
    period = draw(st.sampled_from(["", "P1M", "P1Y", "P3M", "P6M", "P12M"]))
    per = draw(st.sampled_from(["", "storage", "memory", "vcpu", "ipv6"]))
    each, low, high = (
        draw(st.none() | numbers),
        draw(st.none() | numbers),
        draw(st.none() | numbers),
    )
    unit = draw(st.sampled_from(["", "GiB", "GB"])) if per in ("storage", "memory") else ""
    is_taxed = draw(st.sampled_from([False] * 9 + [True]))
    if not per:
        each = low = high = None
    says = [f"kg:priceType kg:{kind.value}", f'kg:currency "{currency}"', f"kg:amount {amount:f}"]
    says += [f'kg:period "{period}"^^xsd:duration'] if period else []
    says += [f"kg:perProperty kg:{per}"] if per else []
    bounds = {"perQuantity": each, "fromQuantity": low, "toQuantity": high}
    says += [f"kg:{name} {value}.0" for name, value in bounds.items() if value]
    says += [f'kg:perUnit "{unit}"'] if unit else []
    says += ["kg:taxIncluded true"] if is_taxed else []
    factor = Fraction(10**9, 2**30) if unit == "GB" else Fraction(1)
    part = PriceComponent(
        kind, Fraction(amount), currency, parse_duration(period) if period else None,
        KG.NS + per if per else "", Fraction(each or 1) * factor,
        Fraction(low) if low else None, Fraction(high) if high else None, is_taxed,
    )  # fmt: skip
    return part, " ; ".join(says)


def asked(parts: list[tuple[PriceComponent, str]]) -> str | None:
    """What the query says of an offering with these parts."""
    turtle = [UNITS, "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> ."]
    turtle.append(f"{OFFERING} a kg:Container ; kg:lifecycleStatus kg:Launched .")
    turtle += [
        f"{OFFERING} kg:price <urn:x:{n}> . <urn:x:{n}> {says} ."
        for n, (_, says) in enumerate(parts)
    ]
    store = ox.Store()
    store.load("\n".join(turtle).encode(), format=ox.RdfFormat.TURTLE)
    values = {name: typed(f"{value}.0", "decimal") for name, value in ASKED.items()}
    rows = store.query(bind(TEXT, {"kind": Iri(KG.Container.value), **values}))
    (row,) = list(rows)  # type: ignore[arg-type]
    return row["monthly"].value if row["monthly"] is not None else None


@settings(deadline=None, max_examples=300)
@given(parts=st.lists(components(), min_size=1, max_size=4))
def test_the_query_and_the_evaluator_agree(parts: list[tuple[PriceComponent, str]]) -> None:
    question = PriceQuestion({KG.NS + name: Fraction(value) for name, value in ASKED.items()})
    price = evaluate([part for part, _ in parts], question)
    found = asked(parts)
    if price.monthly is None:
        assert found is None, price.unknown_because
    else:
        assert found is not None
        # half a cent may be rounded either way, after a division that does not end
        assert abs(Decimal(found) * 100 - price.monthly.minor) <= 1, (found, price.monthly)

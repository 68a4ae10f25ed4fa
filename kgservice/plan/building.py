"""Parts that all kinds of plans are built from: ids, names, agreements, undo."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

from kgservice.model.rdf import Iri
from kgservice.model.terms import KG
from kgservice.plan.clocks import later, moment, stamp
from kgservice.plan.values import Binding, Json, JsonObject, LegalClock, PlanContext, Step


def canonical(value: JsonObject | Json) -> str:
    """Write JSON so that equal values give equal texts (RFC 8785 for strings and integers)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def short_hash(*parts: str, length: int = 16) -> str:
    """Give the first hexadecimal digits of the SHA-256 of some texts."""
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:length]


def slug(text: str) -> str:
    """Make lower-case letters, digits and single hyphens of the end of an IRI or of a name."""
    last = re.split(r"[/#:]", text.rstrip("/#"))[-1]
    return re.sub(r"[^a-z0-9]+", "-", last.lower()).strip("-")[:40] or "x"


def slugs(texts: Sequence[str]) -> dict[str, str]:
    """Give each text a slug of its own; a repeated one gets a number."""
    given: dict[str, str] = {}
    for text in texts:
        if text not in given:
            base = slug(text)
            taken = set(given.values())
            numbered = (f"{base}-{number}" for number in range(2, len(texts) + 2))
            given[text] = base if base not in taken else next(n for n in numbered if n not in taken)
    return given


def expiry(context: PlanContext, evidence_until: str = "") -> str:
    """Say until when a plan may be applied: its own time, or that of its evidence if earlier."""
    end = context.made + timedelta(seconds=context.valid_for_s)
    if evidence_until:
        end = min(end, moment(evidence_until))
    return stamp(end)


def agreement(service: str, binding: Binding, context: PlanContext) -> dict[str, Json]:
    """Describe what is agreed on for one service (ODRL 2.2 §2.3, Agreement)."""
    return {
        "service": service,
        "offering": binding.offering,
        "offeringVersion": binding.offering_version,
        "provider": binding.provider,
        "price": binding.price,
        **({"bundle": binding.bundle} if binding.bundle else {}),
        "noticePeriod": binding.notice_period,
        "retrievalPeriod": binding.retrieval_period,
        "customer": context.customer,
        "terms": [{"address": t.address, "sha256": t.sha256} for t in binding.terms],
    }


def about(service: str, binding: Binding) -> Step:
    """Make the pattern of a worker's step for a bound service; `dataclasses.replace` fills it."""
    return Step(
        name="",
        verb=KG.Observe,
        service=service,
        provider=binding.provider,
        offering=binding.offering,
        kind=binding.kind,
        component=binding.component,
    )


def clock(name: str, service: str, period: str, context: PlanContext) -> LegalClock:
    """Start a legal clock when the plan is made."""
    return LegalClock(name, service, period, stamp(later(context.made, period)))


def state(iri: Iri) -> str:
    """Give a service state as text for `Step.leads_to`."""
    return iri.value


def previous(settings: JsonObject, changes: Mapping[str, Json]) -> dict[str, Json]:
    """Give the present values of what is about to change, as far as they are known."""
    return {name: settings[name] for name in changes if name in settings}

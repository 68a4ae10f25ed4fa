"""Running services: what is known of them, and plans to adjust and end them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from kgservice.model.errors import NotFound, Refused
from kgservice.model.rdf import Iri, Literal, Term, Triple
from kgservice.model.terms import KG
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.bindings import offering_terms, plain
from kgservice.mpli.limits import require_sold
from kgservice.mpli.plans import plan_context, save_plan
from kgservice.mpli.settings_patch import read_settings
from kgservice.plan import (
    Binding,
    JsonObject,
    Plan,
    RunningService,
    from_triples,
    plan_adjustment,
    plan_ending,
)
from kgservice.store.queries import load_query


@dataclass(frozen=True, slots=True)
class KnownService:
    """A service as its private graph describes it.

    Attributes:
        id: Short id, such as `db-3f0a12bc`.
        iri: Its IRI and the name of its graph.
        customer: Whose it is.
        component: Name of the component of the request that it fulfils.
        kind: Class IRI.
        state: Local name, such as `Running`.
        offering: IRI of the offering that it is bound to now.
        composition: IRI of the composition that it came from.
        plan: IRI of the plan that brought it into being.
        situation: IRI of what it has in common with the services that belong to it.
        picked: What was picked for it where its offering leaves a choice, as JSON.
    """

    id: str
    iri: str
    customer: str
    component: str
    kind: str
    state: str
    offering: str
    composition: str
    plan: str
    situation: str = ""
    picked: str = ""


def known_services(application: Application, caller: Caller) -> list[KnownService]:
    """List the caller's services; an operator sees all."""
    rows = application.store.read(load_query("services"), dataset="private")
    found = [
        KnownService(
            id=row["service"][0].rpartition("/")[2],
            iri=row["service"][0],
            customer=row["customer"][0],
            component=row["component"][0],
            kind=row["kind"][0],
            state=row["state"][0].removeprefix(KG.NS),
            offering=row["offering"][0],
            composition=row["composition"][0] if "composition" in row else "",
            plan=row["plan"][0] if "plan" in row else "",
            situation=row["situation"][0] if "situation" in row else row.get("plan", ("",))[0],
            picked=row["picked"][0] if "picked" in row else "",
        )
        for row in rows
    ]
    return [one for one in found if caller.may("see-all") or one.customer == caller.name]


def find_service(application: Application, caller: Caller, identity: str) -> KnownService:
    """Give a service by its id, its IRI, or its component's name when that is the only one.

    Raises:
        NotFound: there is none, or it is somebody else's (`service-unknown`).
    """
    name = identity.rpartition("/")[2]
    mine = known_services(application, caller)
    exact = [one for one in mine if one.id == name]
    living = [one for one in mine if one.component == name and one.state != "Ended"]
    if exact or len(living) == 1:
        return (exact or living)[0]
    raise NotFound(
        f"There is no service {name}." if not living else f"Several services are called {name}.",
        code="service-unknown",
        hint="`kg service list` shows their ids.",
    )


def list_services(application: Application, caller: Caller) -> list[dict[str, object]]:
    """Show the caller's services, a line each."""
    return [_short(application, one) for one in known_services(application, caller)]


def _short(application: Application, service: KnownService) -> dict[str, object]:
    try:
        terms = offering_terms(application, service.offering)
        title, provider = terms.title, terms.provider
    except NotFound:  # the offering was retired; the service lives on
        title, provider = "", ""
    return {
        "id": service.id,
        "service": service.iri,
        "component": service.component,
        "kind": service.kind.removeprefix(KG.NS),
        "state": service.state,
        "provider": provider,
        "offering": service.offering,
        "title": title,
        "customer": service.customer,
    }


def show_service(application: Application, service: KnownService) -> dict[str, object]:
    """Show a service with the facts that were observed of it."""
    facts: dict[str, object] = {}
    for triple in application.store.graph(service.iri, dataset="private"):
        name = application.vocabulary.names_by_iri.get(triple.predicate.value)
        if triple.subject == Iri(service.iri) and name not in (None, "provider"):
            facts[str(name)] = _shown(triple.object)
    return {**_short(application, service), "facts": dict(sorted(facts.items()))}


def _shown(term: Term) -> object:
    return plain(term) if isinstance(term, Literal) else term[0]


def running(application: Application, service: KnownService) -> RunningService:
    """Give a service in the form that plans are made from.

    Raises:
        Refused: it has ended (`service-ended`).
    """
    if service.state == "Ended":
        raise Refused(f"{service.id} has ended.", code="service-ended")
    values = _values(application, service)
    terms = offering_terms(application, service.offering)
    requirements = json.loads(values.get("input", "{}"))
    binding = Binding(
        component=service.component,
        kind=service.kind,
        offering=service.offering,
        provider=terms.provider,
        offering_version=terms.version,
        requirements=requirements,
        terms=terms.documents,
        notice_period=terms.notice,
        retrieval_period=terms.retrieval,
    )
    return RunningService(service.iri, values.get("instance", service.id), binding)


def _values(application: Application, service: KnownService) -> dict[str, str]:
    triples: list[Triple] = application.store.graph(service.iri, dataset="private")
    return {
        triple.predicate.value.removeprefix(KG.NS): triple.object[0]
        for triple in triples
        if triple.subject == Iri(service.iri)
    }


def plan_adjust(application: Application, caller: Caller, identity: str, patch: object) -> Plan:
    """Plan a change of what a service's component asks for, given as a merge patch (RFC 7396).

    Raises:
        InputError: a name or value is not of the vocabulary, or the patch is no object.
        NotSupported: removing a setting (`null`) is not possible.
        Refused: nothing changes (`nothing-to-do`), the offering has less (`not-offered`), or no
            worker performs it (`no-worker`).
    """
    service = find_service(application, caller, identity)
    changes = read_settings(patch, application.vocabulary)
    now = running(application, service)
    require_sold(application, now.binding, changes)
    context = plan_context(application, service.customer, customer_key_of(application, service))
    return save_plan(application, plan_adjustment(now, changes, context))


def plan_end(application: Application, caller: Caller, identity: str) -> Plan:
    """Plan the end of a service: hold, then erase.

    Raises:
        Refused: it has ended already, or no worker performs it.
    """
    service = find_service(application, caller, identity)
    context = plan_context(application, service.customer, customer_key_of(application, service))
    return save_plan(application, plan_ending(running(application, service), context))


def customer_key_of(application: Application, service: KnownService) -> JsonObject:
    """Give the public key that the customer sent with the plan that made the service."""
    triples = application.store.graph(service.plan, dataset="private")
    if not triples:
        return {}
    for step in from_triples(triples).steps:
        key = step.input.get("customerKey")
        if step.service == service.iri and isinstance(key, Mapping):
            return key
    return {}


def sealed_connection(application: Application, caller: Caller, identity: str) -> dict[str, object]:
    """Give the connection details of a service, and of its held source, as JWE texts.

    Raises:
        NotFound: none were sealed: the service is not running, or the plan had no key
            (`connection-unknown`).
    """
    service = find_service(application, caller, identity)
    sealed = application.need_jobs().sealed_connection(service.iri)
    if not sealed:
        raise NotFound(
            f"No connection details were sealed for {service.id}.",
            code="connection-unknown",
            hint="They exist when the service runs and its plan had a customerKey.",
        )
    return dict(sealed)

"""A request in RDF (Turtle, JSON-LD) read into the model; what is not understood is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from kgservice.model.errors import InputError
from kgservice.model.rdf import RDF, Iri, Subject, Term, Triple
from kgservice.model.terms import DCTERMS, KG, RDFS, SH
from kgservice.model.vocabulary import Vocabulary
from kgservice.resolution.exits import read_rdf_exit
from kgservice.resolution.joint_from_rdf import read_rdf_joint
from kgservice.resolution.joint_parts import Part, check_part
from kgservice.resolution.names import (
    check_iri,
    read_component_name,
)
from kgservice.resolution.preference_from_rdf import read_rdf_preferences
from kgservice.resolution.preference_parts import check_no_wishes
from kgservice.resolution.rdf_graph import Node, RdfGraph
from kgservice.resolution.rdf_shapes import ShapeReader
from kgservice.resolution.request import (
    Component,
    Constraint,
    Exit,
    Joint,
    Policy,
    Request,
    Ways,
    wish_ids,
)
from kgservice.resolution.values import local_name, read_date, suggestion
from kgservice.resolution.yaml_request import MAX_ANSWERS, MAX_COMPONENTS, MAX_QUANTITY

_TYPE = Iri(RDF + "type")
_POLICIES = {KG.Reject: Policy.REJECT, KG.Warn: Policy.WARN, KG.Accept: Policy.ACCEPT}
_WAYS = {KG.Managed: Ways.MANAGED, KG.AnyWay: Ways.ANY}
_REQUEST_TERMS = frozenset(
    {
        KG.component,
        KG.everyComponent,
        KG.joint,
        KG.wish,
        KG.prefer,
        KG.ranking,
        KG.asOf,
        KG.term,
        KG.unknownPolicy,
        KG.answers,
        KG.exit,
        KG.ways,
    }
)
_COMPONENT_TERMS = frozenset(
    {
        SH.property,
        SH.class_,
        SH.order,
        KG.wish,
        KG.quantity,
        KG.needs,
        KG.unknownPolicy,
        KG.ways,
        KG.use,
    }
)


def request_from_triples(
    triples: Iterable[Triple], vocabulary: Vocabulary, iri: str = ""
) -> Request:
    """Read the one kg:Request of a graph; `iri` is the IRI that its parts' ids are short for.

    Raises:
        InputError: there is not exactly one request, or something in it is wrong.
            A statement that is not part of the request is an error too (`statement-unused`).
        NotSupported: it uses a term that this version does not understand.
    """
    graph = RdfGraph(triples)
    found = graph.subjects_of_type(KG.Request)
    if len(found) != 1:
        raise InputError(
            f"There are {len(found)} resources of type kg:Request; one is expected.",
            code="request-missing",
            hint="Write `<> a kg:Request ; kg:component … .`",
        )
    reader = _Reader(graph, vocabulary, found[0], iri)
    request = replace(reader.request(), notes=tuple(reader.shapes.notes))
    unread = graph.unread()
    if unread:
        raise InputError(
            f"{unread[0][0]} is not part of the request, so it would count for nothing.",
            code="statement-unused",
            at=unread[0][0],
            hint="Link it with kg:component, kg:everyComponent, kg:joint or sh:property.",
        )
    return request


class _Reader:
    """Reads one request."""

    def __init__(self, graph: RdfGraph, vocabulary: Vocabulary, subject: Subject, iri: str) -> None:
        self.graph = graph
        self.vocabulary = vocabulary
        self.node = graph.node(subject)
        self.iri = iri or (subject.value if isinstance(subject, Iri) else "")
        self.shapes = ShapeReader(graph, vocabulary)
        self.names: dict[Term, str] = {}

    def request(self) -> Request:
        node = self.node
        node.check(_REQUEST_TERMS)
        parts = self.ordered(node.all(KG.component))
        if not 1 <= len(parts) <= MAX_COMPONENTS:
            raise InputError(
                f"A request has 1 to {MAX_COMPONENTS} components.", code="value-invalid"
            )
        self.names = {part.subject: self.component_name(part) for part in parts}
        wishes = set(node.all(KG.wish))
        joint = self.ordered([*node.all(KG.joint), *node.all(KG.wish)])
        every = [self.graph.node(term) for term in node.all(KG.everyComponent)]
        prefer, ranking = read_rdf_preferences(self, node)
        request = Request(
            title=node.text(DCTERMS.title),
            components=tuple(self.component(part) for part in parts),
            every=tuple(c for part in every for c in self.constraints("every", part)),
            together=tuple(
                self.joint(part, number, is_wish=part.subject in wishes)
                for number, part in enumerate(joint, start=1)
            ),
            prefer=prefer,
            ranking=ranking,
            as_of=self.as_of(),
            term=node.text(KG.term),
            unknown=self.policy(node) or Policy.REJECT,
            answers=node.count(KG.answers, 5, MAX_ANSWERS),
            ways=self.ways(node) or Ways.MANAGED,
            iri=self.iri,
            exit=self.exit(),
        )
        check_no_wishes(wish_ids(request), ranking, node.at)
        return request

    def ways(self, node: Node) -> Ways | None:
        term = node.one(KG.ways)
        if term is None:
            return None
        if not isinstance(term, Iri) or term not in _WAYS:
            raise InputError(
                "kg:ways is kg:Managed or kg:AnyWay.", code="value-invalid", at=node.at
            )
        return _WAYS[term]

    def exit(self) -> Exit | None:
        term = self.node.one(KG.exit)
        if term is None:
            return None
        node = self.graph.node(term)
        return read_rdf_exit(node, self.graph.items(node.one(KG.path)), self.shapes)

    def ordered(self, terms: Sequence[Term]) -> list[Node]:
        """Give nodes in document order, which RDF has only where sh:order says so."""
        nodes = [self.graph.node(term) for term in terms]
        return sorted(nodes, key=lambda node: (node.order(), self.graph.content_key(node.subject)))

    def as_of(self) -> date | None:
        text = self.node.text(KG.asOf)
        return read_date(text) if text else None

    def policy(self, node: Node) -> Policy | None:
        term = node.one(KG.unknownPolicy)
        if term is None:
            return None
        if not isinstance(term, Iri) or term not in _POLICIES:
            raise InputError(
                "kg:unknownPolicy is kg:Reject, kg:Warn or kg:Accept.",
                code="value-invalid",
                at=node.at,
            )
        return _POLICIES[term]

    def component_name(self, node: Node) -> str:
        label = node.text(RDFS.label)
        fallback = local_name(node.subject) if isinstance(node.subject, Iri) else ""
        return read_component_name(label or fallback, node.at)

    def component(self, node: Node) -> Component:
        node.check(_COMPONENT_TERMS)
        name = self.names[node.subject]
        kind = node.one(SH.class_)
        if not isinstance(kind, Iri) or kind not in self.vocabulary.classes.values():
            raise InputError(
                f"`{name}` needs one sh:class that is a kind of service.",
                code="kind-unknown",
                at=node.at,
                hint=suggestion(local_name(kind), self.vocabulary.classes)
                if isinstance(kind, Iri)
                else "",
            )
        needs = {self.component_of(term, node) for term in node.all(KG.needs)}
        return Component(
            name=name,
            kind=kind,
            constraints=self.constraints(name, node),
            quantity=node.count(KG.quantity, 1, MAX_QUANTITY),
            needs=tuple(other for other in self.names.values() if other in needs),
            ways=self.ways(node),
            use=self.use(node),
        )

    def use(self, node: Node) -> str:
        term = node.one(KG.use)
        return "" if term is None else check_iri(term[0] if isinstance(term, Iri) else "", node.at)

    def component_of(self, term: Term | None, node: Node) -> str:
        if term is None or term not in self.names:
            raise InputError(
                "That is not a component of this request.", code="component-unknown", at=node.at
            )
        return self.names[term]

    def constraints(self, owner: str, node: Node) -> tuple[Constraint, ...]:
        """Read conditions and wishes, in order; what only goes with a condition is implied."""
        node.check(_COMPONENT_TERMS)
        wishes = set(node.all(KG.wish))
        listed = [*node.all(SH.property), *node.all(KG.wish)]
        shapes = [part for part in self.ordered(listed) if not self.shapes.goes_with(part)]
        found: dict[str, Constraint] = {}
        for shape in shapes:
            path, condition = self.shapes.read(shape)
            name = ".".join(step.name for step in path)
            identity = self.identity(shape.subject, f"{owner}.{name}", found)
            found[identity] = Constraint(
                identity,
                path,
                condition,
                self.policy(shape),
                shape.subject in wishes,
                self.shapes.evidence(shape, path),
            )
        return tuple(found.values())

    def identity(self, subject: Subject, computed: str, taken: Mapping[str, object]) -> str:
        """Give a shape's id: its IRI, short within the request; a blank node's by its content."""
        if isinstance(subject, Iri) and subject.value != f"{self.iri}#{computed}":
            local = subject.value.removeprefix(f"{self.iri}#")
            is_inner = local.startswith(".")
            if not is_inner:
                return local if local != subject.value else subject.value
        identity, number = computed, 2
        while identity in taken:
            identity, number = f"{computed}~{number}", number + 1
        return identity

    def joint(self, node: Node, number: int, *, is_wish: bool) -> Joint:
        identity = self.identity(node.subject, f"together.{number}", {})
        part = Part(identity, self.policy(node), is_wish)
        check_part(part, node.at)
        return read_rdf_joint(self, node, part)

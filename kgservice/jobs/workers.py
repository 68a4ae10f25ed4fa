"""Workers: who they are, and their registration as statements that queries and rules read."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from kgservice.jobs.database import Database
from kgservice.jobs.figures import Figure, figure_triples, wrong_figures
from kgservice.jobs.limits import limit_triples, packaged_properties, wrong_limits
from kgservice.model.errors import AccessDenied, InputError, NotFound
from kgservice.model.rdf import Iri, Literal, Triple, is_valid_iri, typed
from kgservice.model.terms import KG, RDF
from kgservice.plan import WORKER_VERBS, Json, JsonObject
from kgservice.plan.clocks import stamp
from kgservice.store.port import WORKER_GRAPH, GraphChange, Store

PROTOCOL = "1"
SEEN_EVERY_S = 30.0
"""How often, at most, a worker's `kg:lastSeen` is written."""


class WorkerIdentity(Protocol):
    """Who calls, as far as workers are concerned; `Caller` of the access module is one."""

    @property
    def id(self) -> str:
        """The token's id."""
        ...

    @property
    def worker_type(self) -> str:
        """The type that the token is bound to."""
        ...

    @property
    def provider(self) -> str:
        """The provider that the token is bound to."""
        ...


@dataclass(frozen=True, slots=True)
class Registration:
    """What a worker says of itself.

    Attributes:
        type: Name of its plug-in.
        provider: IRI of its provider.
        kinds: Class IRIs that it works on.
        verbs: Names of the protocol's verbs.
        import_formats: IRIs.
        export_formats: IRIs.
        limits: Property name to values (`majorVersion`: 16).
        public_key: JWK to which other workers seal.
        protocol: Version of the protocol.
        conversions: IRIs of conversions that it performs on what it imports.
        figures: How quickly it moves data.
    """

    type: str
    provider: str
    kinds: tuple[str, ...]
    verbs: tuple[str, ...]
    import_formats: tuple[str, ...] = ()
    export_formats: tuple[str, ...] = ()
    limits: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict)
    public_key: JsonObject = field(default_factory=dict)
    protocol: str = PROTOCOL
    conversions: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()


def own_worker(database: Database, identity: WorkerIdentity, worker: str) -> sqlite3.Row:
    """Give a worker's row if it belongs to the caller's token.

    Raises:
        NotFound: `worker-unknown`.
        AccessDenied: `worker-not-yours`.
    """
    row = database.row("SELECT * FROM worker WHERE iri = ?", (worker,))
    if row is None:
        raise NotFound(
            f"The worker <{worker}> is not registered.",
            code="worker-unknown",
            hint="Register first: POST /workers/v1/workers.",
        )
    mine = (identity.id, identity.worker_type, identity.provider)
    if (row["token_id"], row["type"], row["provider"]) != mine:
        raise AccessDenied(
            f"The worker <{worker}> belongs to another token.", code="worker-not-yours"
        )
    return row


class WorkerRegistry:
    """Registrations: a row for leases, statements in the workers' graph for everything else."""

    def __init__(
        self,
        database: Database,
        store: Store,
        base_iri: str,
        on_change: Callable[[], None] | None = None,
        properties: Mapping[str, Iri] | None = None,
    ) -> None:
        """Write to `database` and `store`; `on_change` is called after a changed registration.

        `properties` are those that limits may name; None means those of the packaged vocabulary.
        """
        self._properties = packaged_properties() if properties is None else properties
        self._database = database
        self._store = store
        self._base_iri = base_iri
        self._on_change = on_change
        self._lock = threading.Lock()

    def register(self, identity: WorkerIdentity, registration: Registration) -> str:
        """Take a registration and give the worker's IRI; the same token gets the same one.

        Raises:
            AccessDenied: type or provider are not the token's (`worker-not-yours`).
            InputError: a verb, an IRI or the protocol is not known (`worker-invalid`).
        """
        _require_valid(registration, self._properties)
        if (registration.type, registration.provider) != (identity.worker_type, identity.provider):
            raise AccessDenied(
                "The token is bound to another type or provider.",
                code="worker-not-yours",
                hint=f"It is for {identity.worker_type} at <{identity.provider}>.",
            )
        worker = self._iri(identity)
        now = time.time()
        known = self._database.row("SELECT description FROM worker WHERE iri = ?", (worker,))
        description = json.dumps(asdict(registration), sort_keys=True, default=str)
        self._write(worker, describe(worker, registration, now, self._properties))
        values = (
            worker,
            identity.id,
            registration.type,
            registration.provider,
            description,
            now,
            now,
            now,
        )
        with self._database.transaction() as db:
            db.execute("INSERT OR REPLACE INTO worker VALUES (?,?,?,?,?,?,?,?)", values)
        if self._on_change and (known is None or known["description"] != description):
            self._on_change()
        return worker

    def _iri(self, identity: WorkerIdentity) -> str:
        parts = f"{identity.id}\x00{identity.worker_type}\x00{identity.provider}"
        digits = hashlib.sha256(parts.encode()).hexdigest()[:12]
        return f"{self._base_iri}worker/{identity.worker_type}-{digits}"

    def seen(self, identity: WorkerIdentity) -> None:
        """Note that the caller's worker is alive: it asked for work or sent a heartbeat."""
        worker = self._iri(identity)
        row = self._database.row("SELECT written FROM worker WHERE iri = ?", (worker,))
        now = time.time()
        if row is None or now - row["written"] < SEEN_EVERY_S:
            return
        node = Iri(worker)
        self._write(worker, (Triple(node, KG.lastSeen, _seen(now)),), only=KG.lastSeen)
        with self._database.transaction() as db:
            db.execute("UPDATE worker SET seen = ?, written = ? WHERE iri = ?", (now, now, worker))

    def public_key(self, worker: str) -> dict[str, Json]:
        """Give a worker's public JWK.

        Raises:
            NotFound: `worker-unknown`.
        """
        row = self._database.row("SELECT description FROM worker WHERE iri = ?", (worker,))
        if row is None:
            raise NotFound(f"The worker <{worker}> is not registered.", code="worker-unknown")
        key: dict[str, Json] = json.loads(row["description"])["public_key"]
        return key

    def _write(self, worker: str, triples: tuple[Triple, ...], only: Iri | None = None) -> None:
        with self._lock:
            present = self._store.graph(WORKER_GRAPH)
            kept = [
                triple
                for triple in present
                if not _is_about(triple, worker) or (only is not None and triple.predicate != only)
            ]
            change = GraphChange(WORKER_GRAPH, (*kept, *triples), merge=True)
            self._store.commit([change])


def describe(
    worker: str, registration: Registration, seen: float, properties: Mapping[str, Iri]
) -> tuple[Triple, ...]:
    """Write a registration as statements; capabilities are nodes under the worker's IRI."""
    node = Iri(worker)
    return (
        *_statements(node, registration, seen),
        *limit_triples(node, registration.limits, properties),
        *figure_triples(node, registration.figures),
    )


def _statements(node: Iri, registration: Registration, seen: float) -> Iterator[Triple]:
    yield Triple(node, RDF.type, KG.Worker)
    yield Triple(node, KG.workerType, typed(registration.type))
    yield Triple(node, KG.forProvider, Iri(registration.provider))
    yield Triple(node, KG.lastSeen, _seen(seen))
    for number, kind in enumerate(sorted(registration.kinds), 1):
        capability = Iri(f"{node.value}#capability-{number}")
        yield Triple(node, KG.performs, capability)
        yield Triple(capability, RDF.type, KG.Capability)
        yield Triple(capability, KG.kind, Iri(kind))
        for verb in registration.verbs:
            yield Triple(capability, KG.verb, WORKER_VERBS[verb])
    for predicate, formats in (
        (KG.importFormat, registration.import_formats),
        (KG.exportFormat, registration.export_formats),
        (KG.converts, registration.conversions),
    ):
        for iri in formats:
            yield Triple(node, predicate, Iri(iri))


def _seen(seconds: float) -> Literal:
    return typed(stamp(datetime.fromtimestamp(seconds, UTC)), "dateTime")


def _is_about(triple: Triple, worker: str) -> bool:
    subject = triple.subject
    return isinstance(subject, Iri) and (
        subject.value == worker or subject.value.startswith(worker + "#")
    )


def _require_valid(registration: Registration, properties: Mapping[str, Iri]) -> None:
    iris = (
        registration.provider,
        *registration.kinds,
        *registration.import_formats,
        *registration.export_formats,
    )
    complaints = [f"{iri!r} is not an IRI" for iri in iris if not is_valid_iri(iri)]
    complaints += [
        f"there is no verb {verb!r}" for verb in registration.verbs if verb not in WORKER_VERBS
    ]
    complaints += list(wrong_limits(registration.limits, properties))
    complaints += list(wrong_figures(registration.figures, registration.conversions))
    if registration.protocol != PROTOCOL:
        complaints.append(f"protocol {registration.protocol!r} is not spoken here, {PROTOCOL!r} is")
    if not registration.type.replace("-", "").isalnum():
        complaints.append(f"{registration.type!r} is not a name")
    if complaints:
        raise InputError(
            f"The registration cannot be taken: {complaints[0]}.",
            code="worker-invalid",
            hint="workers/SPEC.md describes it.",
        )

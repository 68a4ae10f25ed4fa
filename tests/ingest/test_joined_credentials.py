"""Facts that are spread over signed credentials are as if one document had said them."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from kgservice_importers.gaiax import IMPORTER
from made_up_source import AT, BASE

from kgservice.ingest import catalogs
from kgservice.ingest.issuers import Issuers, IssuerSettings
from kgservice.ingest.pipeline import SyncRequest, sync, sync_documents
from kgservice.ingest.policy import Policy, load_policy
from kgservice.ingest.report import SyncReport
from kgservice.model.documents import ImportContext
from kgservice.model.rdf import Term
from kgservice.store import open_store
from kgservice.store.documents import ContentStore
from kgservice.store.vocabulary import load_vocabulary
from tests.signing import CONTEXT, did_document, new_key, token

SEED = int(os.environ.get("KG_SEED", "20261124"))
OWNER, OTHER, EVIL = (f"did:web:{name}.example" for name in ("owner", "other", "evil"))
KEYS = {did: new_key() for did in (OWNER, OTHER, EVIL)}
V2 = [CONTEXT[0], "https://w3id.org/gaia-x/2511#"]
OFFER = "https://owner.example/offer"
LATER = datetime(2027, 6, 1, tzinfo=UTC)
Part = dict[str, Any]


def node(name: str) -> str:
    return OWNER if name == "party" else f"https://owner.example/{name}"


def ref(name: str) -> dict[str, str]:
    return {"id": node(name)}


def parts(cpus: int = 4, country: str = "DE") -> dict[str, Part]:
    """Give an offering in pieces, which refer to each other over up to three steps."""
    said: dict[str, Part] = {
        "offer": {
            "type": "gx:VirtualMachineServiceOffering",
            "gx:name": "machine",
            "gx:providedBy": ref("party"),
            "gx:hostedOn": ref("zone"),
            "gx:serviceOfferingTermsAndConditions": ref("terms"),
            "gx:instantiationReq": ref("flavour"),
            "gx:codeArtifact": ref("image"),
        },
        "party": {
            "type": "gx:LegalPerson",
            "gx:legalName": "P",
            "gx:headquartersAddress": ref("address"),
        },
        "address": {"type": "gx:Address", "gx:countryCode": "NL"},
        "zone": {"type": "gx:AvailabilityZone", "gx:aggregationOfResources": ref("centre")},
        "centre": {"type": "gx:Datacenter", "gx:location": ref("site")},
        "site": {"type": "gx:Address", "gx:countryCode": country},
        "terms": {"gx:url": "https://owner.example/terms.html"},
        "flavour": {"type": "gx:ServerFlavor", "gx:cpu": ref("cpu")},
        "cpu": {"type": "gx:CPU", "gx:vCPUs": cpus},
        "image": {"type": "gx:VMImage", "gx:vmImageDiskFormat": "qcow2"},
    }
    return {name: {"id": node(name), **part} for name, part in said.items()}


NAMES = tuple(parts())


def signed(name: str, part: Part, issuer: str = OWNER, key: str = "", **changes: Any) -> str:  # noqa: ANN401
    claims = {
        "@context": V2,
        "id": f"urn:credential:{name}",
        "type": ["VerifiableCredential"],
        "issuer": issuer,
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2028-01-01T00:00:00Z",
        "credentialSubject": part,
        **changes,
    }
    return token(claims, KEYS[key or issuer], kid=f"{issuer}#key-1")


def merged(said: Mapping[str, Part], issuers: Mapping[str, str]) -> dict[str, str]:
    """Write each part without a proof, with what the same issuer says written into it."""
    known = {part["id"]: name for name, part in said.items()}

    def inlined(part: Part, issuer: str) -> Part:
        found: Part = {}
        for key, value in part.items():
            name = known.get(value["id"]) if isinstance(value, dict) else None
            is_same = name is not None and issuers[name] == issuer and name != "party"
            found[key] = inlined(said[name], issuer) if is_same and name else value
        return found

    return {
        f"{name}.json": json.dumps({"@context": V2, **inlined(part, issuers[name])})
        for name, part in said.items()
    }


class World:
    """A store with a source that is a folder."""

    def __init__(self, folder: Path, policy: Policy) -> None:
        self.source = folder / "source"
        self.source.mkdir(parents=True)
        self._policy, self._contents = policy, ContentStore(folder / "documents")
        self.store = open_store(folder / "data", query_workers=1)
        catalogs.register(self.store, BASE, catalogs.Catalog("x", "gaia-x", str(self.source)))

    def sync(
        self, files: Mapping[str, str], at: datetime = AT, only: frozenset[str] = frozenset()
    ) -> SyncReport:
        for old in self.source.iterdir():
            if old.name not in files:
                old.unlink()
        for name, text in files.items():
            (self.source / name).write_text(text)
        request = SyncRequest(
            catalogs.get_catalog(self.store, "x"),
            IMPORTER,
            ImportContext("x", BASE, load_vocabulary()),
            self._contents,
            policy=self._policy,
            at=at,
            isolated=False,
        )
        return sync_documents(self.store, request, only) if only else sync(self.store, request)

    def facts(self) -> set[tuple[Term, ...]]:
        """Give what is known of the parts in our own terms."""
        listed = " ".join(f"<{node(name)}>" for name in NAMES)
        query = f"""SELECT ?s ?p ?o WHERE {{ VALUES ?s {{ {listed} }} ?s ?p ?o
          FILTER(STRSTARTS(STR(?p), "https://w3id.org/kgservice/ns#")) }}"""
        return {(row["s"], row["p"], row["o"]) for row in self.store.read(query)}

    def values(self, name: str) -> set[str]:
        """Give the values that the offering has of a property."""
        query = f"SELECT ?o {{ <{OFFER}> <https://w3id.org/kgservice/ns#{name}> ?o }}"
        return {getattr(row["o"], "value", "") for row in self.store.read(query)}


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    dids = {did: did_document(did, key) for did, key in KEYS.items()}
    return load_policy(did_documents=dids, cache_dir=tmp_path_factory.mktemp("schemas"))


@pytest.fixture(scope="module")
def nobody(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    """Give a policy that knows no issuer: the oracle's documents may speak about each."""
    return load_policy(did_documents={}, cache_dir=tmp_path_factory.mktemp("schemas"))


MakeWorld = Callable[..., World]


@pytest.fixture
def make_world(tmp_path: Path, signers: Policy) -> Iterator[MakeWorld]:
    made: list[World] = []

    def make(policy: Policy = signers) -> World:
        made.append(World(tmp_path / str(len(made)), policy))
        return made[-1]

    yield make
    for world in made:
        world.store.close()


@pytest.mark.parametrize("number", range(6))
def test_any_order_and_any_history_comes_to_what_one_document_says(
    make_world: MakeWorld, nobody: Policy, number: int
) -> None:
    dice = random.Random(SEED + number)  # noqa: S311 - which documents, no secrets
    issuers = {name: OWNER if number < 3 else dice.choice((OWNER, OTHER)) for name in NAMES}
    issuers |= {"offer": OWNER, "party": OWNER}  # who is pinned speaks for itself
    place = {name: f"{dice.random()}.jwt" for name in NAMES}
    world, oracle = make_world(), make_world(nobody)
    for step in range(4):
        whole = parts(dice.choice((4, 8)), dice.choice(("DE", "FR")))
        share = 1.0 if step == 3 else 0.7
        said = {name: part for name, part in whole.items() if dice.random() < share}
        world.sync({place[name]: signed(name, said[name], issuers[name]) for name in said})
        oracle.sync(merged(said, issuers))
        assert world.facts() == oracle.facts(), (number, step, sorted(said), issuers)
    assert number >= 3 or (world.values("termsDocument") and world.values("vcpu"))


def files(**changes: str) -> dict[str, str]:
    found = {f"{name}.jwt": signed(name, part) for name, part in parts().items()}
    return {**found, **{f"{name}.jwt": text for name, text in changes.items()}}


def test_an_unchanged_source_changes_nothing_and_a_changed_part_its_neighbours(
    make_world: MakeWorld,
) -> None:
    world = make_world()
    first = files()
    world.sync(first)
    assert world.values("vcpu") == {"4"}
    again = world.sync(first)
    assert (again.counts["changed"], again.counts["unchanged"]) == (0, len(NAMES))
    report = world.sync({**first, "cpu.jwt": signed("cpu", parts(cpus=16)["cpu"])})
    assert world.values("vcpu") == {"16"}
    assert (report.counts["changed"], report.counts["unchanged"]) == (2, len(NAMES) - 2)


def test_one_document_that_is_asked_for_brings_those_that_refer_to_it(
    make_world: MakeWorld,
) -> None:
    world = make_world()
    world.sync(files())
    other = files(cpu=signed("cpu", parts(cpus=16)["cpu"]))
    report = world.sync(other, only=frozenset({"urn:credential:cpu"}))
    assert report.is_partial
    assert world.values("vcpu") == {"16"}
    del other["cpu.jwt"]
    world.sync(other, only=frozenset({"urn:credential:cpu"}))
    assert world.values("vcpu") == set()


def test_what_a_part_said_ends_with_its_proof(make_world: MakeWorld) -> None:
    world = make_world()
    until = {"validUntil": "2027-01-01T00:00:00Z"}
    short = files(cpu=signed("cpu", parts()["cpu"], **until))
    world.sync(short)
    assert world.values("vcpu") == {"4"}
    world.sync(short, at=LATER)
    assert world.values("vcpu") == set()
    assert world.values("termsDocument"), "the rest stays"


STRANGERS: dict[str, str] = {
    "another issuer's part": signed("cpu", parts(cpus=64)["cpu"], EVIL),
    "a forged signature": signed("cpu", parts(cpus=64)["cpu"], OWNER, key=EVIL),
    "no proof": json.dumps({"@context": V2, **parts(cpus=64)["cpu"]}),
    "another issuer's offering": signed(
        "evil", {**parts()["offer"], "gx:instantiationReq": {"gx:cpu": {"gx:vCPUs": 64}}}, EVIL
    ),
    "an expired part": signed("cpu", parts(cpus=64)["cpu"], validUntil="2026-02-01T00:00:00Z"),
}


@pytest.mark.parametrize("name", STRANGERS)
@pytest.mark.parametrize("with_part", [True, False], ids=["beside the part", "instead of it"])
@pytest.mark.parametrize("place", ["0.jwt", "z.jwt"])
def test_a_stranger_adds_nothing(
    make_world: MakeWorld, name: str, with_part: bool, place: str
) -> None:
    world = make_world()
    honest = {k: v for k, v in files().items() if with_part or k != "cpu.jwt"}
    world.sync(honest)
    before = world.values("vcpu")
    assert before == ({"4"} if with_part else set())
    report = world.sync({**honest, place: STRANGERS[name]})
    assert world.values("vcpu") == before
    assert world.values("termsDocument") == {"https://owner.example/terms.html"}
    assert report.counts["documents"] == len(honest) + 1


def test_a_shape_sees_what_the_document_is_read_with(tmp_path: Path) -> None:
    shape = tmp_path / "shape.ttl"
    shape.write_text(
        "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix kg: <https://w3id.org/kgservice/ns#> ."
        "<urn:shape> a sh:NodeShape ; sh:targetClass kg:VirtualMachine ;"
        " sh:property [ sh:path kg:vcpu ; sh:minCount 1 ; sh:severity sh:Violation ] ."
    )
    dids = {did: did_document(did, key) for did, key in KEYS.items()}
    world = World(tmp_path / "w", load_policy(shapes=[shape], did_documents=dids))
    every = files()
    without = {k: v for k, v in every.items() if k != "flavour.jwt"}
    for content, number in ((every, 0), (without, 1), (every, 0)):
        assert world.sync(content).counts["quarantined"] == number
        assert bool(world.values("vcpu")) is not bool(number)
    world.store.close()


def test_an_older_issue_of_a_part_takes_nothing_from_what_refers_to_it(
    make_world: MakeWorld, signers: Policy
) -> None:
    """The oracle is the state before: the newer issue stays, with all that was joined from it."""
    dids = {did: did_document(did, key) for did, key in KEYS.items()}
    world = make_world(replace(signers, issuers=Issuers(IssuerSettings(), dids, AT)))
    older = files()
    later = signed("cpu", parts(cpus=16)["cpu"], validFrom="2026-02-01T00:00:00Z")
    newer = {**older, "cpu.jwt": later}
    world.sync(newer)
    assert world.values("vcpu") == {"16"}
    before = world.facts()
    for _ in range(2):
        report = world.sync(older)
        assert world.facts() == before
        assert report.codes["credential-older"] == 1
        assert (report.counts["changed"], report.counts["unchanged"]) == (0, len(NAMES))
    assert sum(report.outcomes.values()) == len(NAMES)
    world.sync(newer)
    assert world.facts() == before

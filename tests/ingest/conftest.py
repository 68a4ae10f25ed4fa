"""A store, a policy and catalogues whose content a test makes up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from made_up_source import AT, BASE, EMPTY, MadeUp

from kgservice.ingest import catalogs
from kgservice.ingest.pipeline import SyncRequest, sync
from kgservice.ingest.policy import Policy, load_policy
from kgservice.ingest.report import SyncReport
from kgservice.model.documents import ImportContext, ImportItem
from kgservice.model.errors import KgError
from kgservice.store import open_store
from kgservice.store.documents import ContentStore
from kgservice.store.port import Store


@pytest.fixture(scope="session")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return load_policy(cache_dir=tmp_path_factory.mktemp("schemas"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "data", query_workers=1)
    yield opened
    opened.close()


@pytest.fixture
def contents(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "documents")


@pytest.fixture
def take(store: Store, contents: ContentStore, policy: Policy) -> Callable[..., SyncReport]:
    """Sync documents as a catalogue's whole content."""

    def run(
        name: str, *items: ImportItem | KgError, policy: Policy = policy, at: datetime = AT
    ) -> SyncReport:
        known = {c.name for c in catalogs.list_catalogs(store)}
        if name not in known:
            catalogs.register(store, BASE, catalogs.Catalog(name, "made-up", "nowhere"))
        request = SyncRequest(
            catalogs.get_catalog(store, name),
            MadeUp(list(items)),
            ImportContext(name, BASE, EMPTY),
            contents,
            policy=policy,
            at=at,
            isolated=False,
        )
        return sync(store, request)

    return run

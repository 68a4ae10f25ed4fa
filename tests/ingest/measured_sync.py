"""Sync a source in this process and print the peaks of resident memory, in MB.

python measured_sync.py FOLDER made-up DOCUMENTS BYTES_EACH
python measured_sync.py FOLDER tmf620 OFFERINGS 0
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from kgservice_importers.tmf620 import IMPORTER
from made_up_source import BASE, Wide

from bench.generate_offerings import write
from kgservice.ingest import catalogs
from kgservice.ingest.pipeline import SyncRequest, sync
from kgservice.model.documents import ImportContext, Importer
from kgservice.store import open_store
from kgservice.store.documents import ContentStore
from kgservice.store.vocabulary import load_vocabulary


def main(folder: Path, kind: str, number: int, size: int) -> None:
    """Sync, print the peak of this process and that of the largest of its children."""
    source = folder / "offerings.json"
    importer: Importer = Wide(number, size)
    if kind == "tmf620":
        write(number, source)
        importer = IMPORTER
    store = open_store(folder / "data", query_workers=1)
    try:
        catalogs.register(store, BASE, catalogs.Catalog("a", kind, str(source)))
        request = SyncRequest(
            catalogs.get_catalog(store, "a"),
            importer,
            ImportContext("a", BASE, load_vocabulary()),
            ContentStore(folder / "documents"),
        )
        report = sync(store, request)
    finally:
        store.close()
    peaks = {
        name: resource.getrusage(who).ru_maxrss >> 10
        for name, who in (("own", resource.RUSAGE_SELF), ("child", resource.RUSAGE_CHILDREN))
    }
    print(json.dumps({"documents": report.counts["documents"], **peaks}))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:5]))

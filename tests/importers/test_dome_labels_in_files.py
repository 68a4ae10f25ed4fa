"""DOME's label credentials as files: read as those that lie in a specification."""

from __future__ import annotations

from pathlib import Path

import pytest
from kgservice_importers.gaiax import IMPORTER as GAIA_X
from kgservice_importers.mixed import IMPORTER as MIXED
from kgservice_importers.tmf620.importer import IMPORTER as TMF620

from kgservice.model.documents import ImportContext, Importer, SourceDocument
from kgservice.model.terms import KG
from kgservice.store.vocabulary import load_vocabulary
from tests.dome_market import label, offering, sealed, specification, specification_id, write_market


def credentials(importer: Importer, source: Path) -> list[SourceDocument]:
    context = ImportContext("bare", "http://kg.example/", load_vocabulary())
    items = [i for i in importer.read(str(source), context) if isinstance(i, SourceDocument)]
    return [item for item in items if item.credential is not None]


@pytest.mark.parametrize("importer", [GAIA_X, MIXED], ids=["gaia-x", "mixed"])
@pytest.mark.parametrize("level", ["BL", "P", "P+"])
def test_a_file_says_what_the_same_credential_says_in_a_specification(
    tmp_path: Path, importer: Importer, level: str
) -> None:
    token = sealed(label("good", level))
    market = write_market(tmp_path / "market", offering("good"), specification("good", token))
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "label.jwt").write_text(token, encoding="ascii")
    (within,) = credentials(TMF620, market)
    (alone,) = credentials(importer, tmp_path / "bare")
    assert set(alone.triples) == set(within.triples)
    assert (alone.primary, alone.own_subjects) == (within.primary, within.own_subjects)
    scopes = {str(t.object) for t in alone.triples if t.predicate == KG.scope}
    assert any(specification_id("good") in scope for scope in scopes)


def test_a_label_of_gaia_x_stays_about_itself(tmp_path: Path) -> None:
    (tmp_path / "label.jwt").write_text(sealed(label("other", "L2")), encoding="ascii")
    (found,) = credentials(GAIA_X, tmp_path)
    assert not any(t.predicate == KG.scope for t in found.triples)

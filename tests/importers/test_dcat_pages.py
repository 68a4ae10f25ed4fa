"""A DCAT catalogue on the web: pages that follow each other, and those that do not end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from dcat_reading import documents, read, values
from page_server import Asked, Page, Site, site
from small_vocabulary import context

from kgservice.model.documents import SourceDocument
from kgservice.model.errors import InputError, Problem, Unavailable
from kgservice.model.terms import KG

HEAD = """@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix kg: <https://w3id.org/kgservice/ns#> .
@prefix dcterms: <http://purl.org/dc/terms/> . @prefix hydra: <http://www.w3.org/ns/hydra/core#> .
"""
MEMBERS = 12


def page(number: int, root: str, following: str = "", link: str = "") -> Page:
    members = [f"<{root}/s/{number}-{n}>" for n in range(MEMBERS)]
    text = HEAD + f"<{root}/c> a dcat:Catalog ; dcterms:publisher <{root}/p> ;"
    text += f" dcat:service {', '.join(members)} .\n"
    text += "".join(f"{m} a dcat:DataService , kg:Container .\n" for m in members)
    if following:
        text += f"<{root}/c> hydra:view <{root}/?page={number}> .\n"
        text += (
            f"<{root}/?page={number}> a hydra:PartialCollectionView ; hydra:next <{following}> .\n"
        )
    headers = (("Link", f'<{link}>; rel="next"'),) if link else ()
    return Page(text, headers=(("Content-Type", "text/turtle"), *headers))


def number_of(asked: Asked) -> int:
    return int(asked.path.partition("page=")[2] or 1)


def take(running: Site, path: str = "/?page=1") -> list[object]:
    hosts = frozenset({running.host})
    return list(read(running.url + path, context("zuiderzee", allowed_hosts=hosts)))


def by_hydra(asked: Asked, root: str) -> Page:
    number = number_of(asked)
    return page(number, root, f"{root}/?page={number + 1}" if number < 5 else "")


def by_link(asked: Asked, root: str) -> Page:
    number = number_of(asked)
    return page(number, root, link=f"/?page={number + 1}" if number < 5 else "")


@pytest.mark.parametrize("answer", [by_hydra, by_link])
def test_all_pages_are_read_and_the_catalogue_once(answer: Callable[[Asked, str], Page]) -> None:
    with site(answer) as running:
        found = documents(take(running))  # type: ignore[arg-type]
    assert len(found) == 5 * MEMBERS + 1
    assert all(
        values(document, KG.provider) == [f"{running.url}/p"]
        for document in found.values()
        if document.kind == "dcat/DataService"
    )
    assert [a.path for a in running.asked] == [f"/?page={n}" for n in range(1, 6)]
    assert "text/turtle" in running.asked[0].accept


def test_pages_that_go_round_in_a_circle_end() -> None:
    def answer(asked: Asked, root: str) -> Page:
        return page(number_of(asked), root, f"{root}/?page={number_of(asked) % 3 + 1}")

    with site(answer) as running:
        assert len(documents(take(running))) == 3 * MEMBERS + 1  # type: ignore[arg-type]
    assert len(running.asked) == 3


def test_pages_that_say_the_same_for_ever_end() -> None:
    """A server that ignores `page` and always names a next one."""

    def answer(asked: Asked, root: str) -> Page:
        return page(1, root, link=f"/?page={number_of(asked) + 1}")

    with site(answer) as running:
        assert len(documents(take(running))) == MEMBERS + 1  # type: ignore[arg-type]
    assert len(running.asked) == 2


def test_a_page_that_fails_makes_the_whole_source_unavailable() -> None:
    """Half a catalogue would retire the other half."""

    def answer(asked: Asked, root: str) -> Page:
        return by_link(asked, root) if number_of(asked) < 3 else Page("gone", 404)

    with site(answer) as running, pytest.raises(Unavailable) as caught:
        take(running)
    assert caught.value.code == "source-unreachable"


def test_a_page_that_is_no_rdf_is_a_problem_that_lets_nothing_vanish() -> None:
    def answer(asked: Asked, root: str) -> Page:
        return Page("<html>please log in</html>")

    with site(answer) as running:
        (problem,) = take(running)
    assert isinstance(problem, Problem)
    assert problem.code == "document-unreadable"


def test_a_next_page_on_a_strange_host_is_not_fetched() -> None:
    def answer(asked: Asked, root: str) -> Page:
        return page(1, root, link="http://127.0.0.1:9/next")

    with site(answer) as running, pytest.raises(InputError) as caught:
        take(running)
    assert caught.value.code == "host-not-allowed"
    assert len(running.asked) == 1


def test_json_ld_is_read_by_what_it_is_not_by_its_content_type() -> None:
    text = """{"@context": {"dcat": "http://www.w3.org/ns/dcat#"}, "@id": "c",
      "@type": "dcat:Catalog",
      "dcat:dataset": {"@id": "d", "@type": "dcat:Dataset"}}"""

    def answer(asked: Asked, root: str) -> Page:
        return Page(text, headers=(("Content-Type", "text/plain"),))

    with site(answer) as running:
        found = documents(take(running, "/catalogues/one"))  # type: ignore[arg-type]
    assert set(found) == {f"{running.url}/catalogues/{n}" for n in "cd"}
    assert all(isinstance(d, SourceDocument) for d in found.values())

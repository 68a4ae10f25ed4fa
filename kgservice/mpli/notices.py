"""Listen to sources that give notice of changes (TMF630 part 1, notifications; TMF620 `/hub`).

A notice is a hint and nothing else: what it names is fetched again from the registered source.
"""

from __future__ import annotations

import ipaddress
import json
import secrets
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from kgservice.ingest import catalogs
from kgservice.ingest.catalogs import Catalog
from kgservice.model.documents import NoticeReader
from kgservice.model.errors import InputError, KgError, NotFound, NotSupported
from kgservice.mpli.application import Application
from kgservice.mpli.importers import context_of, load_importer, source_token
from kgservice.mpli.notice_book import WHOLE, Listening, NoticeBook, hashed
from kgservice.net.fetch import Answer, Fetcher, Limits, Pass

OPTION: Final = "hub"
"""The catalogue's option: `true` to be told of changes by the source."""
_YES: Final = frozenset({"true", "yes", "1", "on"})
_MADE: Final = frozenset({200, 201})
_GONE: Final = frozenset({404, 410})
_LIMITS: Final = Limits(max_bytes=65_536, total_s=15, connect_s=5, redirects=0, attempts=1)
_LONGEST_ID: Final = 200


def listen(application: Application, catalog: Catalog) -> None:
    """Register at a source that shall tell of changes, unless that is done already.

    Why it could not be done is kept and shown with the catalogue; the next sync tries again.
    """
    clerk = application.notices
    if clerk is None:
        return
    old = clerk.book.listening(catalog.name)
    is_wanted = catalog.options.get(OPTION, "").strip().casefold() in _YES
    if old and is_wanted and old.source == catalog.source and _is_known(application, old):
        return
    if old:
        stop_listening(application, catalog.name)
    if is_wanted:
        clerk.book.keep(_register(application, catalog, clerk.book))


def stop_listening(application: Application, name: str) -> None:
    """End a registration, here and at the source if that can be reached."""
    old = application.notices.book.listening(name) if application.notices else None
    if application.notices is None or old is None:
        return
    application.notices.book.forget(name)
    if old.id:
        try:
            _fetcher(application, old.catalog, old.source).delete(f"{old.hub}/{old.id}")
        except KgError:
            return  # its notices find nobody from now on


def take_notice(application: Application, name: str, secret: str, event: str, body: bytes) -> None:
    """Note what a notice hints at, to be read again soon.

    Raises:
        NotFound: nobody listens here, or the secret is not the right one.
        InputError: it is no notice (`notice-invalid`); nothing is done.
    """
    clerk = application.notices
    known = clerk.book.listening(name) if clerk is not None else None
    if clerk is None or known is None or not known.is_meant(secret):
        raise NotFound("There is nothing of this name.", code="not-found")
    catalog = catalogs.get_catalog(application.store, name)
    importer = load_importer(catalog.type)
    if not isinstance(importer, NoticeReader):
        raise NotFound("There is nothing of this name.", code="not-found")
    hint = importer.noticed(event, _tree(body), context_of(application, catalog))
    clerk.book.note(name, {WHOLE} if hint.is_whole else hint.source_ids)
    clerk.wake()


def shown(application: Application, name: str) -> dict[str, str]:
    """Tell since when a source is listened to, or why it is not; never under which address."""
    known = application.notices.book.listening(name) if application.notices else None
    if known is None:
        return {}
    return {"problem": known.problem} if known.problem else {"since": known.since}


def _register(application: Application, catalog: Catalog, book: NoticeBook) -> Listening:
    secret = secrets.token_urlsafe(32)
    moment = application.now().isoformat(timespec="seconds")
    none = Listening(catalog.name, "", catalog.source, "", "", moment)
    try:
        hub = _hub(application, catalog)
        made = replace(none, secret=hashed(secret), hub=hub)
        book.keep(made)  # before the source knows where to: the first notice may come at once
        callback = f"{application.base_iri}catalogs/{catalog.name}/hub/{secret}"
        answer = _fetcher(application, catalog.name, catalog.source).post(
            hub,
            json.dumps({"callback": callback}).encode(),
            {"Content-Type": "application/json", "Accept": "application/json"},
        )
    except KgError as error:
        return replace(none, problem=f"{error.code}: {error.detail}")
    if answer.status not in _MADE:
        return replace(none, problem=f"the source's hub answers with status {answer.status}")
    return replace(made, id=_identity(answer))


def _hub(application: Application, catalog: Catalog) -> str:
    importer = load_importer(catalog.type)
    hub = ""
    if isinstance(importer, NoticeReader):
        hub = importer.hub(catalog.source, context_of(application, catalog))
    if not hub:
        raise NotSupported("This kind of source gives no notices.")
    if _is_local(application.base_iri) and not _is_local(catalog.source):
        raise NotSupported("The source cannot reach this service at its KG_BASE_IRI.")
    return hub


def _identity(answer: Answer) -> str:
    """Find the id that the source gave: in the answer, or at the end of `Location`."""
    try:
        tree = json.loads(answer.body)
    except ValueError:
        tree = None
    found = tree.get("id") if isinstance(tree, dict) else None
    if not isinstance(found, str | int):
        found = urlsplit(answer.headers.get("location", "")).path.rpartition("/")[2]
    return str(found)[:_LONGEST_ID]


def _is_known(application: Application, one: Listening) -> bool:
    """Whether the source still knows the registration; one that does not say so counts as yes."""
    if one.problem:
        return False
    if not one.id:
        return True
    try:
        fetcher = _fetcher(application, one.catalog, one.source)
        return fetcher.get(f"{one.hub}/{one.id}").status not in _GONE
    except KgError:
        return True


def _fetcher(application: Application, name: str, source: str) -> Fetcher:
    shown = Pass(source, source_token(application, name))
    return Fetcher(application.settings.allow_hosts, _LIMITS, with_pass=shown)


def _is_local(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tree(body: bytes) -> object:
    try:
        tree: object = json.loads(body)
    except (ValueError, RecursionError):
        raise InputError(
            "This is no notice that can be used: it is not JSON.",
            code="notice-invalid",
            hint="Nothing was changed.",
        ) from None
    return tree

"""What follows from all catalogues together: profiles, moves and labels, kept true."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from weakref import WeakKeyDictionary

from kgservice.inference.following import RuleFollower
from kgservice.inference.rules import RulesReport
from kgservice.labels.derive import LabelReport
from kgservice.labels.following import LabelFollower
from kgservice.model.rdf import Triple
from kgservice.store.port import Store


@dataclass(slots=True)
class _Followers:
    rules: RuleFollower
    labels: LabelFollower
    working: threading.Lock = field(default_factory=threading.Lock)


_FOLLOWERS: WeakKeyDictionary[Store, _Followers] = WeakKeyDictionary()
_ASKING = threading.Lock()


def follow(
    store: Store, base_iri: str, as_of: datetime, authority: Sequence[Triple] = ()
) -> tuple[RulesReport, LabelReport]:
    """Make the store say what follows from it at `as_of`; labels come first, rules may read them.

    `authority` holds the operator's authority rules, beside the packaged ones.

    The first time after a start everything is looked at, then only what the store says was
    touched: whoever changed it, a sync, a worker's registration or an ontology.
    """
    followers = _followers(store, base_iri)
    with followers.working:
        labels = followers.labels.follow(as_of, authority)
        return followers.rules.follow(), labels


def follow_rules(store: Store, base_iri: str) -> RulesReport:
    """Do so for the rules alone: labels do not depend on what changed."""
    followers = _followers(store, base_iri)
    with followers.working:
        return followers.rules.follow()


def _followers(store: Store, base_iri: str) -> _Followers:
    with _ASKING:
        found = _FOLLOWERS.get(store)
        if found is None:
            found = _FOLLOWERS[store] = _Followers(
                RuleFollower(store, base_iri), LabelFollower(store)
            )
        return found

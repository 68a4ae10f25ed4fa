"""A service as its customer sees it: facts, drift with its repair, the way out that is kept."""

from __future__ import annotations

from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.drifts import drift_json
from kgservice.mpli.kept_exits import kept_exit
from kgservice.mpli.services import find_service, show_service


def show(application: Application, caller: Caller, identity: str) -> dict[str, object]:
    """Show a service; drift and exit are there when there is something to tell.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    service = find_service(application, caller, identity)
    shown = {
        **show_service(application, service),
        **drift_json(application, service),
    }
    kept = kept_exit(application, service)
    if kept is None:
        return shown
    out = {
        "state": kept.state,
        "plan": kept.plan.rpartition("/")[2] or None,
        "reason": kept.reason or None,
        "checked": kept.checked,
    }
    return {**shown, "exit": out}

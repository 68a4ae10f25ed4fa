"""Changes of what runs: a whole situation by a changed request."""

from __future__ import annotations

from dataclasses import replace

from kgservice.mpli import requests
from kgservice.mpli.access import Caller
from kgservice.mpli.adjusting import plan_situation
from kgservice.mpli.application import Application
from kgservice.mpli.services import find_service
from kgservice.plan import Plan

WHOLE_REQUESTS = (*requests.MEDIA_TYPES, "application/x-yaml", "text/yaml")
"""Media types by which a whole request comes; anything else is a merge patch."""


def plan_adjusted_request(
    application: Application, caller: Caller, identity: str, content: bytes, media_type: str
) -> Plan:
    """Plan how the situation of a service comes to meet a changed request.

    Raises:
        NotFound: there is no such service.
        InputError: the request is not well written; `at` is its line.
        Refused: as `plan_situation` says.
    """
    service = find_service(application, caller, identity)
    owner = replace(caller, name=service.customer)  # an operator asks for somebody else
    wanted = requests.add_request(application, owner, content, media_type or "application/yaml")
    return plan_situation(application, caller, service, wanted)

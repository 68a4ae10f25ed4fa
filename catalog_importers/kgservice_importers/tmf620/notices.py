"""Read notices of a TMF620 hub: which object they are about, and nothing else."""

from __future__ import annotations

import re
from typing import Final

from kgservice.model.documents import ImportContext, Noticed
from kgservice.model.errors import InputError
from kgservice_importers.tmf620.json_tree import Json, Object, as_object, member_text
from kgservice_importers.tmf620.records import Minter, reference_id, resource_named

_EVENT: Final = re.compile(
    r"(?P<of>[a-z]{3,40}?)"
    r"(Create|AttributeValueChange|AttributeChange|StateChange|Change|Delete|Batch)"
    r"(Event|Notification)?",
    re.IGNORECASE,
)
_DESCRIBED: Final = frozenset({"productOffering", "organization", "category"})
_LONGEST: Final = 500


def noticed(event: str, body: Json, context: ImportContext) -> Noticed:
    """Tell which document a notice is about (TMF630 part 1, notifications).

    The body may hold the whole object, changed attributes only, or a path to it. Everything but
    the object's id is left alone, `timeOcurred` and `eventTime` too. Which offerings link to a
    specification or price that changed only a whole sync can tell.

    Raises:
        InputError: it is no notice of a product catalogue (`notice-invalid`).
    """
    if not isinstance(body, dict):
        raise _invalid("the body is no object", "")
    kind = event or member_text(body, "eventType", "@type", "type")
    found = _EVENT.fullmatch(kind[:100])
    resource = resource_named(found["of"]) if found else ""
    if not found or not resource or "/" in resource:
        raise _invalid(f"{kind[:60]!r} is no event of a product catalogue", "/eventType")
    if resource not in _DESCRIBED or found[2].casefold() == "batch":
        return Noticed(is_whole=True)
    identifier = _identifier(body, found["of"])
    if not identifier or len(identifier) >= _LONGEST:
        raise _invalid(f"it does not say which {resource}", f"/event/{resource}/id")
    minter = Minter(context.base_iri, context.catalog)
    return Noticed(frozenset({minter.iri(resource, identifier).value}))


def _identifier(body: Object, named: str) -> str:
    told = as_object(body.get("event"))
    inner = next((as_object(v) for k, v in told.items() if k.casefold() == named.casefold()), told)
    path = member_text(body, "resourcePath") or member_text(told, "resourcePath")
    return reference_id(inner) or reference_id({"href": path})


def _invalid(why: str, at: str) -> InputError:
    return InputError(
        f"This is no notice that can be used: {why}.",
        code="notice-invalid",
        at=at,
        hint="Nothing was changed. TMF620 lists the events: productOfferingCreateEvent and others.",
    )

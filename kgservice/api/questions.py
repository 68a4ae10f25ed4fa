"""What is asked of an explanation, read from the parameters of its address."""

from __future__ import annotations

from werkzeug.datastructures import MultiDict

from kgservice.model.errors import InputError
from kgservice.mpli.explaining import Question

_ONCE = ("lang", "offering", "on", "engine")
_OFTEN = ("without", "priceChange")
MOST_ASSUMED = 20


def read_question(parameters: MultiDict[str, str]) -> Question:
    """Read the parameters.

    Raises:
        InputError: one is unknown, or comes too often (`parameter-unknown`, `parameter-repeated`).
    """
    for name in parameters:
        if name not in (*_ONCE, *_OFTEN):
            raise InputError(
                f"There is no parameter {name[:40]!r}.",
                code="parameter-unknown",
                at=f"?{name[:40]}",
                hint=f"Use {', '.join((*_ONCE, *_OFTEN))}.",
            )
        most = 1 if name in _ONCE else MOST_ASSUMED
        if len(parameters.getlist(name)) > most:
            raise InputError(
                f"{name} may be given {most} times at most.",
                code="parameter-repeated",
                at=f"?{name}",
            )
    return Question(
        language=parameters.get("lang", "en"),
        offering=parameters.get("offering", ""),
        without=tuple(parameters.getlist("without")),
        prices=tuple(parameters.getlist("priceChange")),
        on=parameters.get("on", ""),
        engine=parameters.get("engine", "fast"),
    )

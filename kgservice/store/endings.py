"""How a query ends that gets no answer: the errors of readers."""

from __future__ import annotations

from kgservice.model.errors import InputError, Unavailable

ABORTED = -6
"""Exit code of a process whose allocation failed: the engine aborts."""
_HINT_MEMORY = "Ask for less at once: add LIMIT, select fewer variables, or drop ORDER BY."


def died(exit_code: int) -> Unavailable:
    """Make the error for a reader that ended with this code."""
    if exit_code == ABORTED:
        return Unavailable(
            "The query needed more memory than a query may use.",
            code="query-memory",
            hint=_HINT_MEMORY,
        )
    return Unavailable(
        "The query ended the process that worked on it; nothing else was touched.",
        code="query-died",
        hint="Simplify it: less nesting, fewer alternatives. Please report it with the query.",
    )


def not_xml() -> InputError:
    """Make the error for an answer whose texts no XML document can hold."""
    return InputError(
        "The answer has characters that XML does not allow, such as control characters.",
        code="answer-not-xml",
        at="Accept",
        hint="Accept JSON, CSV or TSV for a table, Turtle, N-Triples or JSON-LD for a graph.",
        status=406,
    )


def too_large(limit: str) -> InputError:
    """Make the error for an answer that is not sent."""
    return InputError(
        f"The answer has more than {limit}; nothing of it is sent.",
        code="answer-too-large",
        hint="Add LIMIT and read it in parts by ORDER BY and OFFSET, or select fewer variables.",
        status=413,
    )


def late() -> Unavailable:
    """Make the error for a query that no reader was there for."""
    return Unavailable(
        "No query process became ready before the query's deadline.",
        code="query-busy",
        hint="Try again after a moment.",
    )

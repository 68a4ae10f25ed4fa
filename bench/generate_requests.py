"""Requests for generated catalogues: tight ones filter as customers do, loose ones hardly."""

from __future__ import annotations

import random

KINDS = ("VirtualMachine", "PostgreSQL", "Container")
LIMITS = {3: 260, 5: 420, 10: 900}


def request_text(size: int, seed: int, *, is_tight: bool) -> str:
    """Write a request of `size` components as YAML."""
    rng = random.Random(f"{size} {seed} {is_tight}")
    names = [f"{KINDS[number % 3][:2].lower()}{number}" for number in range(size)]
    lines = ["request: Bench", 'as-of: "2026-12-01"', "term: P12M", "components:"]
    for number, name in enumerate(names):
        kind = KINDS[number % 3]
        facts = {"kind": kind, **(OF_KIND[kind](rng) if is_tight else LOOSE[kind])}
        lines.append(f"  {name}: {{{', '.join(f'{k}: {v}' for k, v in facts.items())}}}")
    if is_tight:
        lines += _every(rng)
    lines += ["together:", f"  - at-most: {{distinct: provider, n: {rng.choice((2, 3, 3))}}}"]
    if is_tight:
        lines += [f"  - different: {{of: provider, over: [{names[0]}, {names[1]}]}}"]
        lines += [f'  - sum: {{of: monthlyPrice, max: "{LIMITS[size] + rng.randint(0, 400)} EUR"}}']
        if rng.random() < 0.3:
            lines += [f"  - same: {{of: location.country, over: [{names[0]}, {names[2]}]}}"]
    lines += ["prefer: [minimise monthlyPrice]", "answers: 10"]
    return "\n".join(lines) + "\n"


def _machine(rng: random.Random) -> dict[str, str]:
    return {"vcpu": _least(rng, (1, 2, 4)), "memory": _least(rng, (4, 8, 16), " GiB")}


def _database(rng: random.Random) -> dict[str, str]:
    return {
        "majorVersion": _least(rng, (14, 15, 16)),
        "storage": _least(rng, (50, 100, 200), " GiB"),
        "extension": "[vector]",
    }


def _container(rng: random.Random) -> dict[str, str]:
    return {"vcpu": _least(rng, (2, 4)), "imageFormat": "{any: [OCI]}"}


def _least(rng: random.Random, numbers: tuple[int, ...], unit: str = "") -> str:
    return f'">= {rng.choice(numbers)}{unit}"'


def _every(rng: random.Random) -> list[str]:
    level = rng.choice(("baseline", "professional"))
    countries = ", ".join(rng.choice((("NL", "DE", "BE", "FR"), ("DE", "FR", "AT", "FI"))))
    return [
        "every:",
        f"  location.country: {{any: [{countries}]}}",
        "  provider.headquarters: {in: EEA}",
        f'  noticePeriod: "<= {rng.choice((1, 2, 3))} months"',
        f"  label: {{scheme: dome, at-least: {level}, valid-for: P6M}}",
        *(["  subprocessor.headquarters: {in: EEA}"] if rng.random() < 0.3 else []),
    ]


OF_KIND = {"VirtualMachine": _machine, "PostgreSQL": _database, "Container": _container}
LOOSE = {
    "VirtualMachine": {},
    "PostgreSQL": {"storage": '">= 100 GiB"'},  # its price counts storage
    "Container": {},
}

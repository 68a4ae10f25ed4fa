"""`make demo`: the whole story on one machine, with real servers, in one go.

Starts three PostgreSQL clusters (three providers), the service and three workers; each worker knows
its own cluster only. Everything lives in a temporary folder and is stopped and removed at the end.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
from kgservice_workers.postgresql.clusters import LocalCluster

ROOT = Path(__file__).resolve().parent.parent
REQUEST = ROOT / "docs" / "examples" / "portal.yaml"
CHANGE = ROOT / "docs" / "examples" / "more-connections.yaml"
ROWS = 20_000
KINDS_QUERY = (
    "SELECT ?kind (COUNT(DISTINCT ?o) AS ?offerings) WHERE { ?o a kg:Offering, ?kind . "
    "?kind rdfs:subClassOf kg:Offering FILTER(?kind != kg:Offering) } GROUP BY ?kind ORDER BY ?kind"
)


def say(text: str = "") -> None:
    """Print a line at once."""
    print(text, flush=True)


def chapter(number: int, title: str) -> None:
    """Print a heading."""
    say(f"\n\033[1m{number}. {title}\033[0m" if sys.stdout.isatty() else f"\n{number}. {title}")


class Demo:
    """The stage: a folder, the service, `kg` commands."""

    def __init__(self, folder: Path) -> None:
        """Use an empty folder."""
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("KG_")},
            "KG_DATA_DIR": str(folder / "data"),
            "KG_KEY_DIR": str(folder / "customer-keys"),
            "COLUMNS": "160",
        }

    def kg(self, *arguments: str, quiet: bool = False) -> str:
        """Run a command as a user would; show it and what it printed."""
        if not quiet:
            say(f"$ kg {' '.join(_short(argument) for argument in arguments)}")
        done = subprocess.run(
            [sys.executable, "-m", "kgservice", *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 1) or (done.returncode == 1 and not done.stdout):
            raise SystemExit(f"kg {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        if not quiet:
            say("".join(f"  {line}\n" for line in done.stdout.rstrip().splitlines()).rstrip())
        return done.stdout

    def kg_json(self, *arguments: str) -> dict[str, object]:
        """Run a command that prints JSON, without showing it."""
        value = json.loads(self.kg(*arguments, quiet=True))
        if not isinstance(value, dict):
            raise TypeError("an object is expected")
        return value

    @contextmanager
    def background(self, name: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Run a command beside the story; stop it at the end."""
        log = (self.folder / f"{name}.log").open("w", encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-m", "kgservice", *arguments],
            env=self.environment,
            cwd=ROOT,
            text=True,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
            log.close()

    def wait_for_service(self, process: subprocess.Popen[str]) -> str:
        """Wait until the service says where it listens."""
        log = self.folder / "service.log"
        for _ in range(600):
            for line in log.read_text(encoding="utf-8").splitlines():
                if line.startswith("listening on "):
                    return line.removeprefix("listening on ")
            if process.poll() is not None:
                break
            time.sleep(0.1)
        raise SystemExit("the service did not start:\n" + log.read_text(encoding="utf-8"))


def _short(argument: str) -> str:
    with suppress(ValueError):
        argument = str(Path(argument).relative_to(ROOT))
    return f"'{argument}'" if " " in argument else argument


def providers(demo: Demo) -> dict[str, str]:
    """Find the providers of the story by their names in the catalogues."""
    query = "SELECT ?name ?p { ?p a kg:Provider ; dcterms:title ?name }"
    found = json.loads(demo.kg("query", query, "--format", "json", quiet=True))
    return {row["name"]["value"]: row["p"]["value"] for row in found["results"]["bindings"]}


STAGE = {"Waterlinie Cloud": 16, "Rheintal Rechenzentrum": 18, "Noordzee Hosting": 18}


def start_workers(demo: Demo, stack: ExitStack) -> None:
    """Start a cluster and a worker for each provider of the story."""
    iris = providers(demo)
    for name, version in STAGE.items():
        slug = name.split()[0].lower()
        cluster = LocalCluster(demo.folder / slug, version=version)
        cluster.start()
        stack.callback(cluster.stop)
        iri = next(iri for title, iri in iris.items() if title.startswith(name))
        token = demo.kg(
            "token",
            "create",
            "--role",
            "worker",
            "--name",
            slug,
            "--type",
            "postgresql",
            "--provider",
            iri,
            quiet=True,
        )
        token_file = demo.folder / f"{slug}.token"
        token_file.touch(mode=0o600)
        token_file.write_text(token, encoding="ascii")
        config = demo.folder / f"{slug}.toml"
        config.touch(mode=0o600)
        config.write_text(cluster.config(demo.folder / f"{slug}-state"), encoding="utf-8")
        stack.enter_context(
            demo.background(
                slug,
                "worker",
                "run",
                "postgresql",
                "--provider",
                iri,
                "--config",
                str(config),
                "--token-file",
                str(token_file),
            )
        )
        say(f"  {name:<24} PostgreSQL {version} on port {cluster.port}, and its worker")
    _wait_for_workers(demo)


def _wait_for_workers(demo: Demo) -> None:
    query = "SELECT (COUNT(DISTINCT ?w) AS ?n) { ?w a kg:Worker }"
    for _ in range(150):
        found = json.loads(demo.kg("query", query, "--format", "json", quiet=True))
        if int(found["results"]["bindings"][0]["n"]["value"]) == len(STAGE):
            return
        time.sleep(0.2)
    raise SystemExit("the workers did not register; see their logs")


def connect(demo: Demo, service: str) -> psycopg.Connection[tuple[object, ...]]:
    """Connect as the customer, with details that only the customer's key can open."""
    details = demo.kg_json("service", "show", service, "--connect")["connection"]
    if not isinstance(details, dict):
        raise TypeError("connection details are expected")
    return psycopg.connect(str(details["uri"]), autocommit=True)


def write_rows(demo: Demo, service: str) -> None:
    """Fill the database with something to lose."""
    with connect(demo, service) as db:
        db.execute("CREATE TABLE visit (id bigserial PRIMARY KEY, page text, near vector(3))")
        db.execute(
            "INSERT INTO visit (page, near) SELECT '/page/' || n,"
            " ARRAY[n %% 7, n %% 11, n %% 13]::real[]::vector FROM generate_series(1, %s) n",
            (ROWS,),
        )


def fingerprint(demo: Demo, service: str) -> tuple[int, str, str]:
    """Count and hash the rows; name the server that answered."""
    with connect(demo, service) as db:
        row = db.execute(
            "SELECT count(*), md5(string_agg(id || page || near::text, ',' ORDER BY id)) FROM visit"
        ).fetchone()
        version = db.execute("SHOW server_version").fetchone()
    if row is None or version is None:
        raise SystemExit("the database does not answer")
    return int(str(row[0])), str(row[1]), str(version[0])


def story(demo: Demo, stack: ExitStack) -> None:
    """Tell the story."""
    chapter(1, "The service, and two catalogues in the formats of DOME and Gaia-X")
    process = stack.enter_context(demo.background("service", "serve", "--port", "0"))
    say(f"  kg serve listens on {demo.wait_for_service(process)}")
    demo.kg("catalog", "samples")
    demo.kg("query", KINDS_QUERY)
    chapter(2, "Three providers, each with a real PostgreSQL cluster and a worker of its own")
    start_workers(demo, stack)
    chapter(3, "What is asked for, and in which ways it is possible")
    say("".join(f"  | {line}\n" for line in REQUEST.read_text("utf-8").splitlines()).rstrip())
    demo.kg("request", "resolve", str(REQUEST))
    say("  The cheapest offers that were not allowed, and why:")
    demo.kg("request", "explain", str(REQUEST), "--cheapest", "3")
    chapter(4, "The plan, and the job that carries it out")
    plan = demo.kg_json("plan", str(REQUEST), "--json")
    say("".join(f"  {line}\n" for line in str(plan["text"]).splitlines()).rstrip())
    demo.kg("apply", str(plan["id"]))
    show_ready_rows(demo)
    demo.kg("service", "list")
    move(demo)


def show_ready_rows(demo: Demo) -> None:
    """Show the rows of ready-steps.rq that started the workers of the newest job."""
    jobs = demo.kg_json("job", "list", "--json")["jobs"]
    if isinstance(jobs, list):
        say("  What started each worker is the answer of vocab/queries/ready-steps.rq:")
        demo.kg("job", "show", str(jobs[0]["id"]), "--query")


def move(demo: Demo) -> None:
    """Write rows, adjust, move, and compare."""
    chapter(5, f"Work with it: {ROWS} rows; more connections while it runs")
    write_rows(demo, "db")
    before = fingerprint(demo, "db")
    say(f"  before: {before[0]} rows, checksum {before[1]}, PostgreSQL {before[2]}")
    demo.kg("service", "adjust", "db", str(CHANGE))
    chapter(6, "Move it to another provider, with one command")
    started = time.monotonic()
    target = next(iri for name, iri in providers(demo).items() if name.startswith("Rheintal"))
    demo.kg("service", "move", "db", "--to", target)
    took = time.monotonic() - started
    show_ready_rows(demo)
    after = fingerprint(demo, "db")
    say(f"  after:  {after[0]} rows, checksum {after[1]}, PostgreSQL {after[2]}")
    if before[:2] != after[:2]:
        raise SystemExit("rows differ after the move")
    gap = newest_write_gap(demo)
    say(f"  no row was lost; writes were stopped for {gap} s; the command took {took:.1f} s")
    say(
        "  The source is fenced and held, readable, until its retrieval period ends or you consent:"
    )
    demo.kg("service", "release", "db")
    demo.kg("service", "list")


def newest_write_gap(demo: Demo) -> str:
    """Read the write gap that the last move measured."""
    for job in demo.kg_json("job", "list", "--json")["jobs"]:  # type: ignore[attr-defined]
        shown = demo.kg_json("job", "show", str(job["id"]), "--json")
        if "writeGap" in shown:
            return str(shown["writeGap"])
    return "?"


def main() -> int:
    """Run the story; leave nothing behind."""
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="kg-demo-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user, which must reach its own folder
    try:
        with ExitStack() as stack:
            story(Demo(folder), stack)
        say(f"\nDone in {time.monotonic() - started:.0f} s; everything is stopped and removed.")
    finally:
        if os.environ.get("KG_DEMO_KEEP"):
            say(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

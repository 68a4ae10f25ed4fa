"""The contract: the PostgreSQL worker as a plug-in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from kgservice.model.errors import AccessDenied, NotSupported
from kgservice_workers.postgresql import mapping
from kgservice_workers.postgresql.client import cluster_of, connect, readable_errors, value
from kgservice_workers.postgresql.ending import end, erase, fence, hold, roll_back, unfence
from kgservice_workers.postgresql.exporting import export
from kgservice_workers.postgresql.importing import import_, verify
from kgservice_workers.postgresql.provisioning import adjust, observe, provision
from kgservice_workers.sdk.values import Config, Json, Task, TaskContext, TaskResult

Verb = Callable[[Task, TaskContext], TaskResult]

_VERBS: Final[Mapping[str, Verb]] = {
    "provision": provision,
    "observe": observe,
    "adjust": adjust,
    "fence": fence,
    "unfence": unfence,
    "export": export,
    "import": import_,
    "verify": verify,
    "hold": hold,
    "erase": erase,
    "end": end,
    "rollback": roll_back,
}


class PostgresqlWorker:
    """Databases in one cluster of PostgreSQL that the provider runs."""

    type = mapping.TYPE
    kinds = mapping.KINDS
    verbs = tuple(_VERBS)
    import_formats = mapping.FORMATS
    export_formats = mapping.FORMATS

    def limits(self, config: Config) -> Mapping[str, Json]:
        """Ask the cluster for its version.

        Raises:
            Unavailable: it does not answer (`cluster-away`).
            AccessDenied: the administrator is no superuser (`cluster-login-refused`).
        """
        with connect(cluster_of(config)) as admin, readable_errors():
            if value(admin, "SHOW is_superuser") != "on":
                raise AccessDenied(
                    "The worker needs a superuser of its cluster.", code="cluster-login-refused"
                )
            return {"majorVersion": [admin.info.server_version // 10_000]}

    def perform(self, task: Task, context: TaskContext) -> TaskResult:
        """Perform a task.

        Raises:
            NotSupported: there is no such verb (`verb-not-supported`).
            KgError: as the verb says.
        """
        verb = _VERBS.get(task.verb)
        if verb is None:
            raise NotSupported(f"There is no {task.verb} here.", code="verb-not-supported")
        return verb(task, context)


WORKER: Final = PostgresqlWorker()

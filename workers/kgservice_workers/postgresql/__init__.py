"""The PostgreSQL worker: databases in clusters that the provider runs."""

from kgservice_workers.postgresql.worker import WORKER

__all__ = ["WORKER"]

"""Read a folder of anything: each file goes to the importer that its content asks for."""

from kgservice.model.documents import Importer
from kgservice_importers.mixed.importer import MixedImporter

IMPORTER: Importer = MixedImporter()

__all__ = ["IMPORTER", "MixedImporter"]

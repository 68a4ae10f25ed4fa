"""Read Gaia-X credentials (JSON-LD and JWT, releases 22.10 to 25.11) into documents."""

from kgservice.model.documents import Importer
from kgservice_importers.gaiax.importer import GaiaXImporter

IMPORTER: Importer = GaiaXImporter()

__all__ = ["IMPORTER", "GaiaXImporter"]

"""Read DCAT, Dataspace Protocol and EDC catalogues and ODRL policies into documents."""

from kgservice.model.documents import Importer
from kgservice_importers.dcat.importer import DcatImporter

IMPORTER: Importer = DcatImporter()

__all__ = ["IMPORTER", "DcatImporter"]

"""Reads catalogues in TM Forum's TMF620 product catalogue format, as DOME and FIWARE serve them."""

from kgservice_importers.tmf620.importer import IMPORTER

__all__ = ["IMPORTER"]

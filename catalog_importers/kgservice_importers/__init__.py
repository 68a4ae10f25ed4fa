"""Importers: one folder a source format; they see the model only."""

"""Fetch, map, admit, infer, validate and commit documents, with provenance."""

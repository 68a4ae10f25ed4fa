"""Gaia-X credentials: JSON-LD and VC-JWT."""

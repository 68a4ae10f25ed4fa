"""Composition in, ordered reversible steps out; pure."""

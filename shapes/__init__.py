"""Validation shapes, rules, authority and label schemes: data."""

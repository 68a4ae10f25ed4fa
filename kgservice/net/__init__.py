"""Reach other people's servers, within limits; the one way out for importers and service."""

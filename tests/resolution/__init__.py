"""Tests of requests, their search and their answers."""

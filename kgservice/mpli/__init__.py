"""The use cases, a module a verb."""

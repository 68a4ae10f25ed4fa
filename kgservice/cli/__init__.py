"""The `kg` command: the same use cases for a terminal."""

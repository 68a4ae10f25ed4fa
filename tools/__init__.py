"""Tools of the project itself; not installed."""

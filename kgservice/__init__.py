"""One service to describe, resolve, provision and move cloud services over many providers."""

__version__ = "0.1.0"

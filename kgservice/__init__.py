"""One service to describe, resolve, provision and move cloud services over many providers."""

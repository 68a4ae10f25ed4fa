"""Two sample catalogues with made-up providers, in the real wire formats: data."""

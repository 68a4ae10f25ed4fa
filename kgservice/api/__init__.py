"""HTTP: parse, authorise, call one use case, negotiate the answer."""

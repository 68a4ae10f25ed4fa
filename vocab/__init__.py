"""The ontologies, queries and alignment axioms: data."""

"""Read statements from text in any RDF syntax, and map them with CONSTRUCT queries."""

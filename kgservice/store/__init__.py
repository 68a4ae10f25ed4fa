"""The only room that talks to an RDF engine: writer process, snapshots, readers."""

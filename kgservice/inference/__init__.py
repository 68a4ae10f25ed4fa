"""OWL-RL closure, SHACL validation and SHACL rules, with derivations."""

"""Evidence to criterion to label, with validity."""

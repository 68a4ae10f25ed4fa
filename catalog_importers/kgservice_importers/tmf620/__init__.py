"""TMF620 product catalogues, as DOME serves them."""

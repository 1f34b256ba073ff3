"""Labels: which pixels are labelled, and whether they can be used."""

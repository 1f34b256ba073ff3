"""One run in its folder: what it was made of, what happened, and taking it up again."""

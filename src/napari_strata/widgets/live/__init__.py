"""The training that runs in a viewer: what it learns from, what it shows, what it is told."""

"""Why the network said so: targets and attribution methods."""

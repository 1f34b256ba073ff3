"""What the docks on maps share: which map, what it answers."""

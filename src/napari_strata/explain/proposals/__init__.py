"""From maps and predictions to regions for labels."""

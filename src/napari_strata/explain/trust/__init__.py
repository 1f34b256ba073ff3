"""Whether a heatmap can be trusted: one file per measure, and a verdict in words."""

"""Maps of many targets: every frame, every atom."""

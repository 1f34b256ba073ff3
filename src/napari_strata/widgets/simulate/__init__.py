"""The Simulate dock: what the simulator makes, beside the user's image."""

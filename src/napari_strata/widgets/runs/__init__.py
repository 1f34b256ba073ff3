"""The Training runs dock."""

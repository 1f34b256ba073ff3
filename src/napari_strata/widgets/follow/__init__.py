"""The Follow a run dock."""

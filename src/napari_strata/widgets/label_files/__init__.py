"""The Label files dock."""

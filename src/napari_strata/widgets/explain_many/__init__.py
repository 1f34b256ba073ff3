"""The Explain many dock."""

"""The Corrections dock."""

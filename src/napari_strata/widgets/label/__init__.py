"""The Label dock."""

"""The Training patches dock."""

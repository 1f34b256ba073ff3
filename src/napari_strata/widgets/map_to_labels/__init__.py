"""The Map to labels dock."""

"""The What if dock."""

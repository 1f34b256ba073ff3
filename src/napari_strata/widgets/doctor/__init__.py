"""The Label doctor dock."""

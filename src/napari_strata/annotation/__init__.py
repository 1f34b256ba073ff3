"""Class tables, and checks of what was painted."""

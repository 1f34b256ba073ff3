"""From probability maps to atoms."""

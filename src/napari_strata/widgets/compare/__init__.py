"""The Compare maps dock."""

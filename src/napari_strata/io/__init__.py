"""Images, atom tables and model bundles on disk."""

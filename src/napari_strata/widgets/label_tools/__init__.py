"""What the Label tools dock is made of: what is worked on, a page for each tool, and the preview."""

"""The store that keeps every stroke: label sets on disk, written chunk by chunk while somebody paints."""

"""The Atoms dock: located atoms are added, moved, deleted, and given another layer or species."""

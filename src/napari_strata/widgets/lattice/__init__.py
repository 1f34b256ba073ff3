"""The Lattice dock: figures, maps, regions and dopants of located atoms."""

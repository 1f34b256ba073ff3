"""What an image tells about how it was made, in the simulator's own terms."""

"""What goes into a paper: a methods paragraph that claims nothing unknown, and a figure."""

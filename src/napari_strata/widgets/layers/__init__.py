"""napari's layers as this package means them: what they hold, where they lie, what they come from."""

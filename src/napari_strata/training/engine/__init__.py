"""The training loop and all that it does between two batches."""

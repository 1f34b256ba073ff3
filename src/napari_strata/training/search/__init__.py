"""The search for good settings: what is tried next, and what came of it, through optuna."""

"""What a user can ask for: each job is a generator of events that knows nothing of Qt."""

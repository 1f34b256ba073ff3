"""What docks are made of: form, job, words, choices, and the threads behind them."""

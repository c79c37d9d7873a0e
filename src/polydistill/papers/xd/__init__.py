"""XD and its baselines (2020)."""

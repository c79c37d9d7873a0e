"""Rows from anywhere, batches in the right order, teacher signals on disk."""

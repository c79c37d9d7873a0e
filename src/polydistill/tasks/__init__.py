"""The tasks that judge models: rows, encoding, head, score."""

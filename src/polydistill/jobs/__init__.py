"""What a person asks for, with models and rows of their own, as runs."""

"""What a person does with models and rows of their own, as runs."""

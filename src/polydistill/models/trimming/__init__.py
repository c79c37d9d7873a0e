"""A model with fewer pieces: which ones stay, its tokenizer, its weights, and what a text then loses."""

"""What reviews say of things, in each language."""

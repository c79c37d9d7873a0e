"""Zero-shot strategies: which parameters learn, and how they reach the student that is judged."""

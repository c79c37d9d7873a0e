"""Does a sentence find its translation? Vectors of texts, neighbours, BERTScore."""

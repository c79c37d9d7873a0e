"""The papers: their tables, figures, scales, published numbers, claims and statistics."""

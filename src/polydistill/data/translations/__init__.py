"""Sentences and their translations: corpora, filters, and what methods that align languages learn from."""

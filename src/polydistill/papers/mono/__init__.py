"""Monolingual components of a multilingual transformer (thesis, 2022)."""

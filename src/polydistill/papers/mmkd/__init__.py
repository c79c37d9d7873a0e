"""MMKD: the scales of its recipes, its systems and its tables."""

"""What persons do, and when, in each language: statements and questions."""

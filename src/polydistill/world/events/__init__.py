"""Three events a chain, each the cause of the next, one table a language."""

"""The models that learn: a polyglot encoder, its layers by one numbering, and how to begin from nothing."""

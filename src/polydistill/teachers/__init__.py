"""Teachers: models that never change."""

"""polydistill: cross-lingual knowledge distillation."""

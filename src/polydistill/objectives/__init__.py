"""Pure functions of tensors and masks that return a scalar. They know no model and no data."""

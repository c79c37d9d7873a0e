"""From rows to the batches of every step: encoding, order, masking, windows, streams, stored signals."""

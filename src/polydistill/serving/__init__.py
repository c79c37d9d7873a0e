"""Models at work: what reads rows (PyTorch or ONNX Runtime), what it says of them, and how fast."""

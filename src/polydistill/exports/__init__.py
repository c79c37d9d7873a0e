"""Models in the folders that other libraries load: transformers, sentence-transformers, ONNX Runtime."""

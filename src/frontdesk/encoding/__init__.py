"""The sentence encoder that the NLU and the knowledge base share: weights, ONNX graph, and how it is run."""

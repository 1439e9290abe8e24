"""The generative engine: families, training, sampling, evaluation. Knows tensors, not patients."""

"""The page of matrix products on their own: dense and 2:4 kernels on a model's linear layers."""

"""Models as JAX functions."""

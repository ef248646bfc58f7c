"""Scales, shapes, compensation, the tree of populations, and the engine that counts them."""

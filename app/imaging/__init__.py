"""Pixels and geometry: reading, sorting, preparing and writing medical images."""

"""Measures of generated images, each beside what real images reach."""

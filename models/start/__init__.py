"""Beginning a training from weights that exist: those of another run, or of a MONAI bundle from outside."""

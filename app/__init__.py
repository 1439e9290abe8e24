"""Understudy: the program around the models. Layers and their arrows stand in ARCHITECTURE.md."""

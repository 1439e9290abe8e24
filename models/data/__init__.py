"""Prepared arrays and how they are fed to training."""

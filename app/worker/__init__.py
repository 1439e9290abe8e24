"""The child process that does one heavy job; the only part of app that imports models."""

"""The loop and everything that it keeps."""

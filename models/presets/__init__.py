"""One module per family: the numbers that a person never sees."""

"""What left, scored against what was planted. ``score`` judges, ``run`` is the self-test as a whole."""

"""Invented people planted in phantoms, and what must become of each trace of them. ``plant`` is the door."""

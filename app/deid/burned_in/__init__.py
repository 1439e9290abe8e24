"""Text burned into pixels: found, judged, blacked out and looked for again. ``finder`` is the door."""

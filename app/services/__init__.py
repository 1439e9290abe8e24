"""Use cases, shared by window and command line. No Qt, no torch."""

"""Worker processes seen from outside: messages, frames, outcomes, queues. No Qt, no torch."""

"""What training descends."""

"""What may leave a real image, by allow-list; fails closed."""

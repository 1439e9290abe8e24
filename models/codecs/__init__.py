"""Exact or learned translations between images and what a network works on."""

"""A person's way through a real Home Assistant, in a real browser."""

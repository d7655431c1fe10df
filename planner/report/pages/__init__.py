"""A page for each question."""

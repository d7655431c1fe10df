"""A result in words, tables and plots."""

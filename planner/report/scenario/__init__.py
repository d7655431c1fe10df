"""A scenario in plain English, a file for each of its sides."""

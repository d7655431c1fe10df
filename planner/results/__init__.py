"""Figures with their Monte Carlo errors, and where they come from."""

"""Equivalence and tests against a margin: exact power, sizes, assurance, coefficients of variation."""

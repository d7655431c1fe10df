"""Equivalence, also with scaled limits, and tests against a margin: exact power, sizes, assurance, CVs."""

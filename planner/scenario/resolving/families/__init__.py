"""Defaults and checks of hypotheses, a file for each family of outcomes."""

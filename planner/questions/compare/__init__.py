"""Designs side by side on the same virtual patients."""

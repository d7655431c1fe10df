"""Analyses that a user brings, from Python alone: what they are made of, and what their source is."""

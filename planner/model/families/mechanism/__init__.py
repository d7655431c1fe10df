"""Hypotheses that state mechanisms: agents, signals, components, and what becomes of them."""

"""Hypotheses that state mechanisms (family `terms`): agents, signals and components, to tables."""

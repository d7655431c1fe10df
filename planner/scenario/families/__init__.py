"""Settings of a hypothesis, a file for each family of outcomes."""

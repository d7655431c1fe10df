"""Two-stage trials of bioequivalence in a 2x2 crossover: rules, decisions, and what they cost and give."""

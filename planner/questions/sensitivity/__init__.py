"""How much the power hangs on each assumption."""

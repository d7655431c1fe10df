"""Group-sequential theory on plain numbers: spending, boundaries, conditional power."""

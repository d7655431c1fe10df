"""What people ask of a scenario, a module or folder for each question."""

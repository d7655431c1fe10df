"""What the looks of a scenario can do, known before anything is simulated."""

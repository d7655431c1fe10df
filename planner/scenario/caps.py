"""The largest numbers that a scenario and the options of commands may give. Imports nothing."""

MAX_PATIENTS = 10_000
MAX_TRIALS = 1_000_000_000
MAX_SEED = 2**64 - 1
MAX_VARIANTS = 100_000
MAX_TRIAL = 2**62 - 1
"""Number of the last trial that can be looked at; later ones are kept for other questions."""
MAX_THREADS = 1024

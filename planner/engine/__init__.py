"""A scenario lowered to a job, and blocks of its trials simulated to additive tallies."""

"""What a scenario means in numbers: tables for the kernels, estimands, looks, draws of uncertain numbers."""

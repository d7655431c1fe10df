"""Random numbers by address: the same for a patient whatever else is drawn."""

"""Patients: randomised, with their scores and responses, dropout, guesses."""

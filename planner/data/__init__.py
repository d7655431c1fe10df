"""Patients of a real trial: read from files, with the place of everything that is wrong."""

"""One virtual trial, patient by patient."""

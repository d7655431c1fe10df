"""The same for many values of one or several settings."""

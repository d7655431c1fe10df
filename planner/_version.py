"""The version, alone in its file so that the command line can show it without importing anything else."""

__version__ = "0.2.0"

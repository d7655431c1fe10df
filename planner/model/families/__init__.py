"""From a hypothesis to tables, a file or folder for each family of outcomes."""

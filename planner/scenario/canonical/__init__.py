"""A scenario written down in full: as a dictionary with its digest, as TOML, as JSON Schema."""

"""The compiled core. It sees arrays only: no scenario, no pharmacology, no file."""

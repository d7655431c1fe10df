"""How fast the engine is: standard jobs, a bound that no simulation can beat, and rivals on the same job."""

"""From a file to a scenario: TOML, `extends`, `--set`, short forms, and every fault with its place."""

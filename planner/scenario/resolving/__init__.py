"""What is written becomes a complete scenario: defaults, and checks that need two settings."""

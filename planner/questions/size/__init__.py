"""How many patients a trial needs, or what effect it finds."""

"""The rules, one file per phase or concern."""

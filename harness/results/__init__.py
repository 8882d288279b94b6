"""Results of runs on disk, one folder for each release, and what changed between two of them."""

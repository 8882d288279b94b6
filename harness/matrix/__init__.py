"""The support matrix: which cells exist, what each one's status is, how it is stored and compared."""

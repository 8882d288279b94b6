"""Rules over a subject and the reference: each check has one id, one phase of the seed, and one thing it compares."""

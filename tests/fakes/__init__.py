"""Subjects that are wrong on purpose: they prove that the harness sees it."""

"""Runs units of work in processes of their own, so that whatever goes wrong in one costs that unit alone."""

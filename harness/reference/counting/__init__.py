"""Counts that a layer plan implies: parameters, bytes, operations; of the whole model or of one rank."""

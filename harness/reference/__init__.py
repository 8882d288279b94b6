"""Our own reading of a model config: layer plan, counts, roofline. Never imports a subject."""

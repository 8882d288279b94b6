"""The oracle: what the `transformers` model classes, built without weights, say about every stored config.

Only this package imports `transformers` and torch, and only when the fixture is regenerated. Everybody else reads the
frozen figures in `fixtures/oracle.json` through `harness.oracle.records`, which needs neither.
"""

"""Independent test-and-validation harness for NVIDIA's `aiconfigurator`."""

__version__ = "0.1.0"

"""The version: the package and its build read it here, and nowhere else does it stand."""

__version__ = "0.1.0"

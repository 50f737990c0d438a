"""Keras models on their torch backend, traced as torch modules are.

A Keras layer is an nn.Module; what a trace lacks is its place in a module tree (`adopted`), shapes that are told
channels first (`layouts`), and that one layer is one torch function, as in torch (`layers`). All else is the same pass:
code of somebody's own, in a custom layer say, is seen by the torch functions that it calls.
"""

import sys


def is_keras(module: object) -> bool:
    """A Keras layer or model, on the torch backend or it were no nn.Module. Keras is not imported to ask."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(module, getattr(keras, "Layer", ())) and hasattr(module, "named_modules")

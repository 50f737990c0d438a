"""Diagrams: a pure function from Report to a picture that could stand in the paper. `drawing.draw` is its call."""

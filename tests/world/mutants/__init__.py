"""Mutants and rewrites of networks that nobody here wrote, each made by hand."""

"""Rows that a framework names and others can read as well, by their ``reference`` in the IR."""

SEGMENTS = "axolotl:input_output"
"""Pieces of text, each with a mark whether it is trained (axolotl/prompt_strategies/input_output.py,
0.19)."""

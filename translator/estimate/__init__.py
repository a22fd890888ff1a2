"""Peak GPU memory of a run, from its configuration alone: named terms, plain arithmetic, no torch."""

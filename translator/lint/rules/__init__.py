"""The rules, one file each. Nothing is registered: ``scripts/generate.py`` makes ``index.tsv``."""

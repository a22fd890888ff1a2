"""Finding values in files, whatever their syntax: YAML, Python, notebooks."""

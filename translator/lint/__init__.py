"""Lint: what will go wrong in a configuration, found before a GPU does.

``rule`` says what a rule is, ``rules/`` has one file for each, ``registry`` finds them,
``checking`` runs them over one source, ``running`` over many. What the readers say about a file
(:mod:`translator.codes`) is a finding of lint as well.
"""

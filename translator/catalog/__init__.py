"""What is known about models, chat formats and prompt templates, as data with sources.

The facts live in the JSON files of this folder (schemas in ``schemas/catalog-*.schema.json``) and
are read when first asked for. Nothing here needs a network or a framework.

- :mod:`translator.catalog.identity`: which model a Hub id or alias names
- :mod:`translator.catalog.models`: what kind of model that is
- :mod:`translator.catalog.torchtune`: which torchtune builder makes it
- :mod:`translator.catalog.formats`: how a chat format wraps turns
- :mod:`translator.catalog.instructions`: how an instruction style words its prompt
"""

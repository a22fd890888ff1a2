"""YAML as OmegaConf reads it, which torchtune's configurations go through."""

from __future__ import annotations

import re

from translator.syntax.yaml import BASE, Dialect


class OmegaConfDialect(Dialect):
    """What ``OmegaConf.load`` sees: its float pattern, and no timestamps."""


_FLOAT = re.compile(
    r"""^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+]?[0-9]+)?
        |[-+]?(?:[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)
        |\.[0-9_]+(?:[eE][-+][0-9]+)?
        |[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*
        |[-+]?\.(?:inf|Inf|INF)
        |\.(?:nan|NaN|NAN))$""",
    re.X,
)
OmegaConfDialect.yaml_implicit_resolvers = {
    letter: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:timestamp"]
    for letter, rules in BASE.yaml_implicit_resolvers.items()
}
OmegaConfDialect.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))

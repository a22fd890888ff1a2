"""Who made what: from a trainer back to the calls that loaded its model and its tokenizer."""

from __future__ import annotations

from collections.abc import Iterator

from translator.record import Struct
from translator.syntax.evaluate_values import (
    Attribute,
    Choice,
    Class,
    External,
    Item,
    Known,
    Made,
    Value,
)

_MAX = 200


class Lineage(Struct):
    """The calls that a model comes from, nearest to the trainer first."""

    load: Made | None = None
    peft: Made | None = None
    named: Known | None = None
    """A model given to the trainer by its name."""


def class_of(made: Made) -> str:
    """The class whose constructor or class method is called: ``FastLanguageModel`` for
    ``FastLanguageModel.from_pretrained``."""
    if isinstance(made.function, Class):
        return made.function.name
    if isinstance(made.function, External):
        parts = made.function.name.split(".")
        if parts[-1][:1].islower() and len(parts) > 1 and parts[-2][:1].isupper():
            return parts[-2]
        return parts[-1]
    return made.name


def library_of(made: Made) -> str:
    """The package that a class comes from, empty when the script does not say."""
    name = made.function.name if isinstance(made.function, External) else ""
    return name.partition(".")[0] if "." in name.lstrip(".") or name[:1] == "." else ""


def is_trainer(made: Made) -> bool:
    """Whether a call constructs a trainer."""
    name = made.base or (made.function.last if isinstance(made.function, External) else "")
    return (
        (
            name.endswith("Trainer")
            and name[:1].isupper()
            and not name.startswith("Patch")
            and bool({"model", "args", "train_dataset"} & set(made.arguments.keywords))
        )
        or (name.endswith("Trainer") and name[:1].isupper() and len(made.arguments.positional) > 1)
        or (name.endswith("Trainer") and name[:1].isupper() and bool(made.arguments.more))
    )


def is_load(made: Made) -> bool:
    """Whether a call loads a model."""
    if not isinstance(made.function, External) or made.name != "from_pretrained":
        return False
    kind = class_of(made)
    return not kind.endswith(
        ("Tokenizer", "TokenizerFast", "Processor", "Config", "FeatureExtractor")
    )


def is_stored_adapter(made: Made) -> bool:
    """Whether a call loads an adapter that was saved before: ``PeftModel.from_pretrained``."""
    return class_of(made).startswith(("Peft", "AutoPeft"))


def sources(value: Value) -> Iterator[Value]:
    """What a value was directly made from, most telling first."""
    if isinstance(value, Item | Attribute):
        yield value.base
    elif isinstance(value, Choice):
        yield value.then
        yield value.otherwise
    elif isinstance(value, Made):
        model = value.arguments.value("model")
        if model is not None:
            yield model
        if value.receiver is not None:
            yield value.receiver
        for argument in value.arguments.all():
            if argument.value is not model:
                yield argument.value


def ancestors(value: Value) -> Iterator[Value]:
    """A value and everything that it was made from, nearest first."""
    seen: set[int] = set()
    waiting = [value]
    count = 0
    while waiting and count < _MAX:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        count += 1
        yield current
        waiting[:0] = list(sources(current))


def model_lineage(value: Value | None) -> Lineage:
    """How a trainer's model was loaded and given its adapter."""
    found = Lineage()
    if value is None:
        return found
    if isinstance(value, Known) and isinstance(value.value, str):
        found.named = value
        return found
    for part in ancestors(value):
        if not isinstance(part, Made):
            continue
        if part.name == "get_peft_model" and found.peft is None:
            found.peft = part
        elif is_load(part):
            if is_stored_adapter(part) and part.arguments.positional:
                first = part.arguments.positional[0].value
                if not isinstance(first, Known):
                    found.peft = found.peft or part
                    continue
            found.load = part
            return found
    return found


def is_tokenizer_of_unsloth(value: Value) -> bool:
    """Whether a tokenizer comes from Unsloth's loaders, on each way that leads to it."""
    loads = [part for part in ancestors(value) if isinstance(part, Made)]
    classes = [class_of(made) for made in loads if made.name == "from_pretrained"]
    loaders = [name for name in classes if not name.endswith("Config")]
    return bool(loaders) and all(name.startswith("Fast") for name in loaders)


def trainer_of(value: Value, trainers: dict[int, Made]) -> Made | None:
    """The trainer that a value is, or was made from by a function that returns it."""
    for part in ancestors(value):
        if id(part) in trainers:
            return trainers[id(part)]
        returns_it = isinstance(part, Made) and part.name in ("train_on_responses_only", "prepare")
        if isinstance(part, Made) and not returns_it and part is not value:
            return None
    return None


def root_calls(value: Value) -> set[int]:
    """The identities of all calls that a value was made from."""
    return {id(part) for part in ancestors(value) if isinstance(part, Made)}

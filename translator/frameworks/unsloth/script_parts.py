"""The tree of one training, part by part (see :mod:`translator.frameworks.unsloth.script`)."""

from __future__ import annotations

from collections.abc import Iterator

from translator.frameworks.unsloth.own_trainers import altering_methods, own_arguments
from translator.frameworks.unsloth.script_arguments import arguments_tree
from translator.frameworks.unsloth.script_choices import decided
from translator.frameworks.unsloth.script_data import DataReader
from translator.frameworks.unsloth.script_lineage import (
    Lineage,
    ancestors,
    class_of,
    is_stored_adapter,
    is_tokenizer_of_unsloth,
    library_of,
    model_lineage,
    root_calls,
    trainer_of,
)
from translator.frameworks.unsloth.script_touches import later_arguments, touches
from translator.frameworks.unsloth.script_tree import TreeBuilder, forget_foreign_constants
from translator.syntax.evaluate import Program
from translator.syntax.evaluate_argparse import COMMAND_LINE
from translator.syntax.evaluate_machine import Setting
from translator.syntax.evaluate_values import (
    Attribute,
    Choice,
    Class,
    Item,
    Known,
    Made,
    Mapping,
    Value,
)
from translator.tree import Node

_LOAD_ORDER = (
    "model_name", "max_seq_length", "dtype", "load_in_4bit", "load_in_8bit", "load_in_16bit",
    "full_finetuning", "token", "device_map",
)  # fmt: skip
_PEFT_ORDER = (
    "model", "r", "target_modules", "lora_alpha", "lora_dropout", "bias",
)  # fmt: skip
_TEMPLATE_ORDER = ("tokenizer", "chat_template", "mapping", "map_eos_token", "system_message")
_RESPONSES_ORDER = ("trainer", "instruction_part", "response_part", "force_match", "tokenizer")
_TOKEN_ORDER = ("model", "tokenizer", "new_tokens", "method", "interpolation")
_TRAINER_ORDER = {
    "DPOTrainer": ("model", "ref_model", "args", "data_collator", "train_dataset", "eval_dataset"),
    "KTOTrainer": ("model", "ref_model", "args", "train_dataset", "eval_dataset"),
    "GRPOTrainer": ("model", "reward_funcs", "args", "train_dataset", "eval_dataset"),
}
_PLAIN_TRAINER_ORDER = ("model", "args", "data_collator", "train_dataset", "eval_dataset")
_TOKENIZER_ATTRIBUTES = frozenset(
    [
        "pad_token",
        "pad_token_id",
        "eos_token",
        "eos_token_id",
        "bos_token",
        "padding_side",
        "truncation_side",
        "add_bos_token",
        "add_eos_token",
        "model_max_length",
        "unk_token",
    ]
)
_SAVES = frozenset(
    [
        "save_pretrained",
        "save_pretrained_merged",
        "save_pretrained_gguf",
        "push_to_hub",
        "push_to_hub_merged",
        "push_to_hub_gguf",
        "save_model",
    ]
)


class TrainingReader:
    """Builds the trees of a program's trainings."""

    def __init__(self, program: Program, versions: dict[str, str]) -> None:
        self.program = program
        self.versions = versions
        self.builder = TreeBuilder(program)
        self.data = DataReader(self.builder)
        self.positions = {id(made): n for n, made in enumerate(program.calls)}

    def tree(self, trainer: Made, train: Made | None, trainers: dict[int, Made]) -> Node:
        """The tree of one training."""
        self.builder.count = 0
        passed = self._passed(trainer)
        lineage = model_lineage(passed.get("model"))
        args = passed.get("args")
        tokenizer = passed.get("processing_class") or passed.get("tokenizer")
        dataset = passed.get("train_dataset")
        parts: dict[str, Node | None] = {
            "script": self._script(trainer),
            "load": self._load(lineage),
            "peft": self._peft(lineage, passed.get("peft_config")),
            "template": self._template(trainer, tokenizer, lineage),
            "tokens": self._tokens(trainer, lineage),
            "args": arguments_tree(self.builder, args, trainer),
            "trainer": self._trainer(trainer, dataset),
            "responses": self._responses(trainer, trainers),
            "data": self._data(dataset, passed.get("eval_dataset"), trainer),
            "train": self._train(train),
            "save": self._save(trainer, lineage, trainers),
            "touched": self._touched(trainer, train, lineage, dataset),
        }
        for name, value, at in later_arguments(self.program, trainer, self._end(train)):
            arguments = parts["args"]
            if arguments is not None:
                arguments.value[name] = self.builder.node(value, at)
        if isinstance(args, Made) and args.note == COMMAND_LINE:
            self._command_line(parts["args"])
        for section in ("load", "peft", "args"):
            forget_foreign_constants(parts[section])
        present = {name: node for name, node in parts.items() if node is not None}
        return Node(value=present, span=self.builder.span(trainer.at))

    def _command_line(self, args: Node | None) -> None:
        """Arguments that a parser fills: what the user gives and the script does not name."""
        machine = self.program.machine
        for name in self.program.unused_overrides:
            given = machine.override(name)
            if args is not None and given is not None and name.isidentifier():
                args.value[name] = self.builder.node(given)

    def _touched(
        self, trainer: Made, train: Made | None, lineage: Lineage, rows: Value | None
    ) -> Node | None:
        end = self._end(train)
        content = touches(self.program, self.builder, trainer, lineage, rows, end)
        return self.builder.plain(content, trainer.at) if content else None

    def _end(self, train: Made | None) -> int:
        """How many calls the script makes before it trains."""
        return len(self.program.calls) if train is None else self._position(train)

    def _passed(self, trainer: Made) -> dict[str, Value]:
        """The trainer's arguments by name."""
        name = trainer.base or class_of(trainer)
        order = _TRAINER_ORDER.get(name, _PLAIN_TRAINER_ORDER)
        found = {
            order[position]: argument.value
            for position, argument in enumerate(trainer.arguments.positional)
            if position < len(order)
        }
        found.update({k: a.value for k, a in trainer.arguments.keywords.items()})
        for key in ("train_dataset", "eval_dataset"):
            if key in trainer.attributes:
                found[key] = trainer.attributes[key]
        return found

    # -- parts ------------------------------------------------------------------------------------

    def _script(self, trainer: Made) -> Node:
        imports = self.program.imports
        unsloth, order = "unsloth" in imports, [*imports]
        before = unsloth and ("trl" not in imports or order.index("unsloth") < order.index("trl"))
        content: dict[str, object] = {"unsloth": unsloth, "unsloth_before_trl": before}
        if unsloth:
            content["unsloth_import"] = self.builder.leaf(True, imports["unsloth"])
        if self.versions:
            content["versions"] = dict(self.versions)
        padded = [s for s in self._tokenizer_settings(trainer) if s.name == "pad_token"]
        if padded and is_tokenizer_of_unsloth(padded[-1].target):
            content["padding_repaired"] = True
        return self.builder.plain(content)

    def _tokenizer_settings(self, trainer: Made) -> Iterator[Setting]:
        """The attributes of tokenizers that are set before the trainer is made."""
        end = self._position(trainer)
        for setting in self.program.settings:
            if setting.name not in _TOKENIZER_ATTRIBUTES or setting.order > end:
                continue
            target = setting.target
            if not (isinstance(target, Attribute) and target.name.endswith("config")):
                yield setting

    def _load(self, lineage: Lineage) -> Node | None:
        if lineage.load is None:
            if lineage.named is None:
                return None
            name = self.builder.node(lineage.named)
            return self.builder.plain({"class": "str", "model_name": name}, lineage.named.at)
        made = lineage.load
        order: tuple[str, ...] = _LOAD_ORDER
        if not class_of(made).startswith("Fast"):
            order = ("pretrained_model_name_or_path",)
        content = {"class": self.builder.leaf(class_of(made), made.at)}
        content.update(self.builder.keywords(made, (), order, attributes=False))
        if "pretrained_model_name_or_path" in content:
            content["model_name"] = content.pop("pretrained_model_name_or_path")
        return self.builder.leaf(content, made.at)

    def _peft(self, lineage: Lineage, config: Value | None) -> Node | None:
        made = lineage.peft
        if made is None:
            return self._peft_config(config)
        content = {"class": self.builder.leaf(class_of(made), made.at)}
        if is_stored_adapter(made):
            return self.builder.leaf(content, made.at)
        given = made.arguments.value("peft_config", 1)
        if isinstance(given, Made):
            return self._peft_config(given)
        content.update(self.builder.keywords(made, ("model",), _PEFT_ORDER, attributes=False))
        return self.builder.leaf(content, made.at)

    def _peft_config(self, config: Value | None) -> Node | None:
        if config is None or (isinstance(config, Known) and config.value is None):
            return None
        if isinstance(config, Made):
            content = self.builder.call(config)
            return self.builder.leaf(content, config.at)
        return self.builder.plain({"class": self.builder.node(config, config.at)}, config.at)

    def _template(self, trainer: Made, tokenizer: Value | None, lineage: Lineage) -> Node | None:
        content: dict[str, Node] = {}
        made = self._template_call(trainer, tokenizer)
        at = None
        if made is not None:
            at = made.at
            content.update(self.builder.keywords(made, ("tokenizer",), _TEMPLATE_ORDER))
        for setting in self.program.settings:
            start = 0 if made is None else self._position(made) + 1
            if setting.name != "chat_template":
                continue
            if start <= setting.order <= self._position(trainer):
                content["jinja"] = self.builder.node(setting.value, setting.value.at)
                at = setting.at
        return self.builder.leaf(content, at) if content else None

    def _template_call(self, trainer: Made, tokenizer: Value | None) -> Made | None:
        """The call of get_chat_template that the trainer's tokenizer went through; without a
        tokenizer, the last one before the trainer."""
        if tokenizer is not None:
            for part in ancestors(tokenizer):
                if isinstance(part, Made) and part.name == "get_chat_template":
                    return part
        before = [
            made
            for made in self.program.calls[: self._position(trainer)]
            if made.name == "get_chat_template" and not made.conditions
        ]
        return before[-1] if before else None

    def _tokens(self, trainer: Made, lineage: Lineage) -> Node | None:
        content: dict[str, Node] = {}
        at = None
        end = self._position(trainer)
        for made in self.program.calls[:end]:
            if made.name == "add_new_tokens":
                skip = ("model", "tokenizer")
                content.update(self.builder.keywords(made, skip, _TOKEN_ORDER))
                at = made.at
            elif made.name in ("add_tokens", "add_special_tokens") and made.receiver is not None:
                given = next((a for a in made.arguments.all()), None)
                if given is not None:
                    content[made.name] = self.builder.node(given.value, given.expression)
                    at = made.at
        for setting in self._tokenizer_settings(trainer):
            content[setting.name] = self.builder.node(setting.value, setting.value.at)
            at = at or setting.at
        return self.builder.leaf(content, at) if content else None

    def _trainer(self, trainer: Made, dataset: Value | None) -> Node:
        name = trainer.base or class_of(trainer)
        order = _TRAINER_ORDER.get(name, _PLAIN_TRAINER_ORDER)
        skip = ("model", "args", "train_dataset", "eval_dataset", "peft_config", "formatting_func")
        content = {"class": self.builder.leaf(class_of(trainer), trainer.at)}
        own: dict[str, Node] = {}
        theirs: frozenset[str] = frozenset()
        if trainer.base is not None:
            content["base"] = self.builder.leaf(trainer.base, trainer.at)
        if isinstance(trainer.function, Class):
            changed = altering_methods(trainer.function)
            if changed:
                first = next(iter(changed.values()))
                content["overrides"] = self.builder.plain([*changed], first)
            theirs = own_arguments(trainer.function)
        else:
            content["library"] = self.builder.leaf(library_of(trainer), trainer.at)
        for key, node in self.builder.keywords(trainer, skip, order).items():
            if key in theirs:
                own[key] = node
                continue
            if key in ("tokenizer", "processing_class"):
                node = self.builder.leaf(node.reference or node.raw or "tokenizer", None)
            content[key] = node
        added = [
            m for m in self.program.calls if m.name == "add_callback" and m.receiver is trainer
        ]
        for made in added:
            for argument in made.arguments.all():
                before = content.get("callbacks")
                several = before.value if before is not None and before.is_sequence else []
                node = self.builder.argument("callbacks", argument)
                content["callbacks"] = self.builder.leaf([*several, node], made.at)
        if own:
            content["own"] = self.builder.leaf(own, trainer.at)
        function = trainer.arguments.value("formatting_func")
        if isinstance(function, Known):
            content["formatting_func"] = self.builder.node(function)
        elif function is not None:
            source = dataset if dataset is not None else function
            content["formatting_func"] = self.data.rows.formatting_function(function, source)
        return self.builder.leaf(content, trainer.at)

    def _responses(self, trainer: Made, trainers: dict[int, Made]) -> Node | None:
        for made in self.program.calls:
            if made.name != "train_on_responses_only":
                continue
            given = made.arguments.value("trainer", 0)
            if given is not None and trainer_of(given, trainers) is trainer:
                content = self.builder.keywords(made, ("trainer", "tokenizer"), _RESPONSES_ORDER)
                return self.builder.leaf(content, made.at)
        return None

    def _data(self, train: Value | None, evaluation: Value | None, trainer: Made) -> Node | None:
        content: dict[str, Node] = {}
        for name, value in (("train", train), ("eval", evaluation)):
            if isinstance(value, Choice):
                value = decided(value) or value
            if value is None or (isinstance(value, Known) and value.value is None):
                continue
            if isinstance(value, Mapping):
                content[name] = self.builder.node(value)
            else:
                content[name] = self.data.dataset(value)
        return self.builder.plain(content, trainer.at) if content else None

    def _train(self, train: Made | None) -> Node | None:
        if train is None:
            return None
        # unsloth_train(trainer, …) hands the rest on to trainer.train (unsloth/trainer.py:887)
        first = () if train.receiver is not None else ("trainer",)
        order = (*first, "resume_from_checkpoint")
        content = self.builder.keywords(train, ("trainer",), order)
        return self.builder.leaf(content, train.at) if content else None

    def _save(self, trainer: Made, lineage: Lineage, trainers: dict[int, Made]) -> Node | None:
        start = self._position(trainer)
        loads = {id(made) for made in (lineage.load, lineage.peft) if made is not None}
        found: list[Node] = []
        for made in self.program.calls[start:]:
            if made.name not in _SAVES or made.receiver is None or made.conditions:
                continue
            receiver = made.receiver
            of_model = bool(root_calls(receiver) & loads) or any(
                part is trainer for part in ancestors(receiver)
            )
            if not of_model or _is_tokenizer(receiver):
                continue
            content = {"method": self.builder.leaf(made.name, made.at)}
            order = ("path", "tokenizer", "save_method")
            content.update(self.builder.keywords(made, ("tokenizer", "token"), order))
            content.pop("tokenizer", None)
            found.append(self.builder.leaf(content, made.at))
        return self.builder.leaf(found, trainer.at) if found else None

    def _position(self, made: Made) -> int:
        return self.positions.get(id(made), len(self.positions))


def _is_tokenizer(value: Value) -> bool:
    return isinstance(value, Item) and isinstance(value.key, Known) and value.key.value == 1

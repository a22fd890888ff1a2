"""A recipe as a complete training script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from translator.catalog.chat_jinja import jinja
from translator.catalog.formats import formats, name_in, unsloth_maps_eos
from translator.catalog.models import facts
from translator.codes import Code
from translator.diagnostics import Diagnostic, Severity
from translator.document import Document
from translator.frameworks.base import WriteOptions, Written
from translator.frameworks.unsloth.data_code import DataCode, data_code
from translator.frameworks.unsloth.foreign_keys import CONFIGURE, FREEZE
from translator.frameworks.unsloth.objective_writing import trainer_of
from translator.frameworks.unsloth.pycode import Argument, call, docstring, literal, template
from translator.frameworks.unsloth.pycode import Code as Expression
from translator.frameworks.unsloth.rows import FLAVOUR
from translator.frameworks.unsloth.table import table
from translator.frameworks.unsloth.trainer_settings import SECTION
from translator.writing import Writer

# Keywords in the order in which scripts usually have them; what is not listed follows.
_ORDER: Mapping[str, Sequence[str]] = {
    "load": ("model_name", "max_seq_length", "dtype", "load_in_4bit", "load_in_8bit",
             "load_in_fp8", "full_finetuning", "use_exact_model_name"),
    "peft": ("r", "target_modules", "modules_to_save", "lora_alpha", "lora_dropout", "bias",
             "use_rslora", "use_dora", "use_gradient_checkpointing", "random_state"),
    "args": ("output_dir", "dataset_text_field", "max_length", "max_prompt_length",
             "max_completion_length", "packing", "packing_strategy", "beta",
             "per_device_train_batch_size", "per_device_eval_batch_size",
             "gradient_accumulation_steps", "num_train_epochs", "max_steps", "learning_rate",
             "embedding_learning_rate", "lr_scheduler_type", "lr_scheduler_kwargs",
             "warmup_steps", "optim", "optim_args", "weight_decay", "adam_beta1", "adam_beta2",
             "adam_epsilon", "max_grad_norm", "bf16", "fp16", "tf32", "gradient_checkpointing",
             "eval_strategy", "eval_steps", "save_strategy", "save_steps", "save_total_limit",
             "load_best_model_at_end", "logging_steps", "report_to", "run_name", "seed"),
}  # fmt: skip


_SHARES = ("warmup_steps", "eval_steps", "save_steps")
"""Numbers of steps that are a share of all steps when they are below 1."""


def write(document: Document, options: WriteOptions) -> Written:
    """The script, and what it cannot say."""
    writer = Writer(
        document=document, target="Unsloth", version=options.version or "2026.10", stem=options.stem
    )
    trainer = trainer_of(document.recipe)
    writer.facts[FLAVOUR] = trainer.flavour.name
    table().write(writer)
    code = data_code(writer)
    script = _Script(writer, code)
    return Written(text=script.text(), losses=tuple(writer.losses), files=dict(writer.files))


class _Script:
    def __init__(self, writer: Writer, code: DataCode) -> None:
        self.writer = writer
        self.code = code
        self.recipe = writer.document.recipe
        self.trainer = trainer_of(self.recipe)
        self.loader = writer.facts.get("loader", "FastLanguageModel")

    def text(self) -> str:
        parts = [
            self._model(),
            *([self._tokens()] if self._tokens() else []),
            *([self._adapter()] if self.recipe.adapter else []),
            self._data(),
            *([self._rewards()] if self._own_rewards() else []),
            self._training(),
            self._result(),
        ]
        head = [docstring(self._about()), self._imports()]
        if self._constants():
            head.append(self._constants())
        return "\n\n".join([*head, *parts]) + "\n"

    # -- head -------------------------------------------------------------------------------------

    def _about(self) -> list[str]:
        recipe = self.recipe
        what = "all weights" if recipe.adapter is None else "LoRA"
        if recipe.adapter is not None and recipe.quantization is not None:
            bits = {"nf4": "4-bit", "int8": "8-bit", "fp8": "FP8"}.get(recipe.quantization.kind)
            what = f"LoRA on {bits or 'quantised'} weights"
        source = self.writer.document
        gpus = recipe.parallelism.gpus
        run = f"python {self.writer.stem}.py"
        if gpus and gpus > 1:
            run = f"torchrun --nproc_per_node {gpus} {self.writer.stem}.py"
        lines = [
            f"{self.trainer.title} of {recipe.model.id} with Unsloth: {what}.",
            "",
            f"Made by ftx from {_file_name(source.path)} ({source.format}).",
            f"Run it with: {run}",
        ]
        told = [loss for loss in self.writer.losses if loss.code != Code.TOLD_OTHERWISE.code]
        if told:
            lines += ["", "What differs from the source:"]
            lines += [line for loss in told for line in _bullet(loss)]
        return lines

    def _imports(self) -> str:
        first = {self.loader}
        if self._added_tokens():
            first.add("add_new_tokens")
        if self.trainer.module == "unsloth":
            first |= {self.trainer.trainer, self.trainer.arguments}
        lines = [_import("unsloth", first) + "  # before transformers and trl"]
        if self._chat_call():
            self.code.use("unsloth.chat_templates", "get_chat_template")
        chat = self.code.imports.pop("unsloth.chat_templates", set())
        if chat:
            lines.append(_import("unsloth.chat_templates", chat))
        others = dict(self.code.imports)
        if self.trainer.module != "unsloth":
            others[self.trainer.module] = {self.trainer.trainer, self.trainer.arguments}
        if self.writer.has("trainer", "callbacks"):
            others["transformers"] = {"EarlyStoppingCallback"}
        for name in self.trainer.rewards:
            module, _, function = name.rpartition(".")
            if module:
                others.setdefault(module, set()).add(function)
        if any("math." in str(e.value) for a, e in self.writer.entries.items() if a[0] == SECTION):
            self.code.modules.add("math")
        if FREEZE in self.writer.entries:
            self.code.modules.add("re")
        modules = {*self.code.modules, *(["os"] if self._environment() else [])}
        plain = [f"import {name}" for name in sorted(modules)]
        lines += ["", *plain, *([""] if plain else [])]
        lines += ["import torch"] if self._uses_torch() else []
        lines += [_import(module, names) for module, names in sorted(others.items())]
        return "\n".join(lines)

    def _uses_torch(self) -> bool:
        entry = self.writer.entries.get(("load", "dtype"))
        return entry is not None and isinstance(entry.value, Expression)

    def _environment(self) -> dict[str, object]:
        return {
            str(address[2]): entry.value
            for address, entry in self.writer.entries.items()
            if address[:2] == ("script", "env")
        }

    def _constants(self) -> str:
        lines = [
            f"os.environ[{literal(name)}] = {literal(value)}"
            for name, value in self._environment().items()
        ]
        length = self.writer.entries[("load", "max_seq_length")]
        comment = f"  # {length.comment}" if length.comment else "  # tokens"
        lines.append(f"MAX_LENGTH = {length.value}{comment}")
        return "\n".join(lines)

    # -- model ------------------------------------------------------------------------------------

    def _arguments(self, section: str) -> list[Argument]:
        entries = {
            str(address[1]): entry
            for address, entry in self.writer.entries.items()
            if address[0] == section
        }
        order = {name: place for place, name in enumerate(_ORDER.get(section, ()))}
        names = sorted(entries, key=lambda name: order.get(name, 99))
        found = []
        for name in names:
            entry = entries[name]
            value = entry.value
            if name in ("max_seq_length", "max_length") and section in ("load", "args"):
                value = Expression("MAX_LENGTH")
            if isinstance(value, float) and value.is_integer() and name.startswith("lora_"):
                value = int(value)
            if value is None and section != "args":
                continue  # as when it is not given
            comment = None if name == "max_seq_length" else entry.comment
            if name in _SHARES and isinstance(value, float) and 0 < value < 1:
                comment = comment or "of all steps"
            found.append(Argument(name, value, comment))
        return found

    def _model(self) -> str:
        loading = call(
            f"{self.loader}.from_pretrained",
            self._arguments("load"),
            prefix="model, tokenizer = ",
        )
        lines = ["# Model", loading]
        lines += [str(self.writer.entries[at].value) for at in (CONFIGURE, FREEZE)
                  if at in self.writer.entries]  # fmt: skip
        return "\n".join(lines)

    def _tokens(self) -> str:
        model = self.recipe.model
        lines = [f"tokenizer.{role} = {literal(text)}" for role, text in model.special_tokens]
        if added := self._added_tokens():
            arguments = [
                Argument("", Expression("model")),
                Argument("", Expression("tokenizer")),
                Argument("new_tokens", added),
            ]
            lines.insert(0, call("add_new_tokens", arguments))
        return "\n".join(lines)

    def _added_tokens(self) -> list[str]:
        """New tokens; special ones too, which the vocabulary may not have either.

        unsloth_zoo/tokenizer_utils.py:218 (2026.10.9): those that are there already are left
        alone.
        """
        model = self.recipe.model
        own = facts(model.tokenizer or model.id)
        ends = [text for role, text in model.special_tokens if role == "eos_token"]
        chat = formats().get(own.chat_format) if own and own.chat_format else None
        native = {own.eos_token if own else None, chat.end_of_turn if chat else None}
        markers = {item.end_of_turn for item in formats().values()} - native
        foreign = [text for text in ends if text in markers]
        marks = [text for role, text in model.special_tokens if role != "pad_token"]
        special = marks if model.new_tokens else foreign
        return list(dict.fromkeys([*special, *model.new_tokens]))

    def _adapter(self) -> str:
        assert self.recipe.adapter is not None
        if self.recipe.adapter.start_from is not None:
            # unsloth/models/loader.py:2082 (2026.10.9): loaded and made ready to be trained
            return f"# The adapter came with the model: it goes on from {_one_line(self.recipe.adapter.start_from)}"
        arguments = [Argument("", Expression("model")), *self._arguments("peft")]
        text = call(f"{self.loader}.get_peft_model", arguments, prefix="model = ")
        return f"# Adapter\n{text}"

    # -- data -------------------------------------------------------------------------------------

    def _chat_call(self) -> str | None:
        """Statements that give the tokenizer its chat template, None to keep its own."""
        chat = self.code.chat
        if chat is None or chat.template == "tokenizer":
            return None
        item = formats().get(chat.template)
        name = name_in("unsloth", item) if item else None
        if name is None:
            return None
        maps = unsloth_maps_eos(name) is not None
        arguments = [Argument("", Expression("tokenizer")), Argument("chat_template", name)]
        if maps and not chat.end_is_eos:
            arguments.append(Argument("map_eos_token", False))
        return call("get_chat_template", arguments, prefix="tokenizer = ")

    def _template(self) -> list[str]:
        chat = self.code.chat
        if (
            chat is not None
            and chat.end_is_eos
            and "map_eos_token" not in (self._chat_call() or "")
        ):
            item = formats().get(chat.template)
            name = name_in("unsloth", item) if item else None
            if name is None or unsloth_maps_eos(name) is None:
                why = "the end-of-sequence token stays; the end of each answer is trained all the same"
                field = "data.sources[0].format.end_is_eos"
                self.writer.lose(Code.LOST_TOKENIZER, field, why, Severity.NOTE)
        if chat is None or chat.template == "tokenizer":
            return []
        named = self._chat_call()
        if named is not None:
            return [named]
        text = chat.jinja
        if text is None and (item := formats().get(chat.template)) is not None:
            try:
                text = jinja(item)
            except ValueError as error:
                field = "data.sources[0].format.template"
                self.writer.lose(Code.LOST_TEMPLATE, field, f"{error}; the model's own is used")
                return []
        if text is None:
            field = "data.sources[0].format.template"
            self.writer.lose(Code.LOST_TEMPLATE, field, "the text of the template is not known")
            return []
        return [f"tokenizer.chat_template = {template(text, 62)}"]

    def _data(self) -> str:
        code = self.code
        blocks = ["\n".join(["# Data", *self._template()])]
        if code.constants:
            blocks[0] += "\n" + "\n".join(code.constants)
        text = "\n".join(blocks)
        for function in code.functions:
            text += f"\n\n\n{function}"
        gap = "\n\n\n" if code.functions else "\n"
        return text + gap + "\n".join(code.statements)

    def _own_rewards(self) -> list[str]:
        """Reward functions whose module is not known: their code stands in the source's project."""
        return [name for name in self.trainer.rewards if name.isidentifier()]

    def _rewards(self) -> str:
        stop = 'raise NotImplementedError("the code of this reward function was not copied")'
        functions = [
            f"def {name}(completions, **columns):\n    {stop}" for name in self._own_rewards()
        ]
        return "\n\n\n".join(["# Rewards", *functions]) + "\n"

    # -- training ---------------------------------------------------------------------------------

    def _training(self) -> str:
        arguments = self._arguments("args")
        if self.trainer.supervised and self.code.kind == "text" and self.code.column != "text":
            arguments.insert(1, Argument("dataset_text_field", self.code.column))
        if self.code.kind == "pair":
            arguments.insert(1, Argument("completion_only_loss", True))
        config = call(self.trainer.arguments, arguments, indent=4).strip()
        keywords = [Argument("model", Expression("model"))]
        if self.trainer.reference is not None:
            keywords.append(Argument("ref_model", Expression(self.trainer.reference)))
        if self.trainer.online:
            rewards = [Expression(name.rpartition(".")[2]) for name in self.trainer.rewards]
            keywords.append(Argument("reward_funcs", rewards))
        keywords += [
            Argument("processing_class", Expression("tokenizer")),
            Argument("train_dataset", Expression("dataset")),
        ]
        if self.code.evaluates:
            keywords.append(Argument("eval_dataset", Expression("eval_dataset")))
        patience = self.writer.entries.get(("trainer", "callbacks"))
        if patience is not None:
            value = f"[EarlyStoppingCallback(early_stopping_patience={patience.value})]"
            keywords.append(Argument("callbacks", Expression(value)))
        keywords.append(Argument("args", Expression(config)))
        lines = ["# Training", call(self.trainer.trainer, keywords, prefix="trainer = ")]
        if self.code.responses is not None:
            parts = [Argument("", Expression("trainer"))]
            parts += [Argument(name, value) for name, value in self.code.responses.items()]
            lines.append(call("train_on_responses_only", parts, prefix="trainer = "))
        lines += [
            str(entry.value)
            for address, entry in self.writer.entries.items()
            if address[0] == SECTION
        ]
        resume = self._arguments("train")
        if [argument.value for argument in resume] == [True]:
            # transformers/trainer.py:1439 (5.16): True is an error where there is no checkpoint
            newest = Expression("get_last_checkpoint(trainer.args.output_dir)")
            resume = [Argument("resume_from_checkpoint", newest)]
            self.code.use("transformers.trainer_utils", "get_last_checkpoint")
        lines.append(call("trainer.train", resume))
        return "\n".join(lines)

    def _result(self) -> str:
        checkpoints = self.recipe.checkpoints
        directory = literal(checkpoints.directory or "outputs")
        if self.recipe.adapter is not None and not checkpoints.adapter_only:
            arguments = [
                Argument("", checkpoints.directory or "outputs"),
                Argument("", Expression("tokenizer")),
                Argument("save_method", "merged_16bit"),
            ]
            return "# Result\n" + call("model.save_pretrained_merged", arguments)
        return (
            f"# Result\nmodel.save_pretrained({directory})\ntokenizer.save_pretrained({directory})"
        )


def _import(module: str, names: set[str]) -> str:
    return f"from {module} import {', '.join(sorted(names))}"


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _file_name(path: str) -> str:
    return " ".join(path.replace("\\", "/").rsplit("/", 1)[-1].split())


def _bullet(loss: Diagnostic) -> list[str]:
    """A loss as lines of a list, short enough for a docstring."""
    import textwrap

    mark = {Severity.ERROR: "! ", Severity.WARNING: "* ", Severity.NOTE: "- "}[loss.severity]
    message = " ".join(loss.message.split())
    return textwrap.wrap(message, 86, initial_indent=mark, subsequent_indent="  ",
                         break_long_words=False, break_on_hyphens=False)  # fmt: skip

"""Writing the model: builder, weights and tokenizer files of one Hub id."""

from __future__ import annotations

from translator.catalog.identity import is_local, resolve
from translator.catalog.models import facts
from translator.catalog.torchtune import (
    TEXT_TOKENIZER,
    Builder,
    builder_for,
    checkpoint_files,
    unfit,
)
from translator.codes import Code
from translator.diagnostics import Severity
from translator.writing import Writer

_KNOWN = {
    "0.6.1": "Llama 2 to 3.3, Code Llama, Mistral 7B v0.1, Gemma 1 and 2, Phi-3 mini, Phi-4, "
    "Qwen2 and Qwen2.5",
    "main": "Llama 2 to 4, Mistral 7B v0.1, Gemma 1 and 2, Phi-3 mini, Phi-4, Qwen2, Qwen2.5 and "
    "Qwen3",
}
_SHAPE_HELP = (
    "if it is built like a Llama, Mistral, Qwen2, Gemma or Phi-3, its config.json tells its shape: "
    "put that into the Hub cache (hf download {name} config.json), or name a folder that holds it "
    "instead of {name}"
)
META_FILE = "consolidated.00.pth"
"""The one file of weights in Meta's own form."""


def target_builder(writer: Writer) -> Builder | None:
    """How the target makes the model; None when it cannot."""
    version = "main" if writer.version == "main" else "0.6.1"
    return builder_for(str(writer.value("model.id")), version)  # type: ignore[arg-type]


def _may_fit(name: str) -> bool:
    """Whether a model of unknown shape may be one that a component builder makes."""
    known = facts(name)
    return known is None or (known.family in _DENSE and known.modality == "text")


_DENSE = ("llama", "mistral", "qwen2", "gemma", "gemma2", "phi3")


def folder_of(writer: Writer) -> str:
    """Where the weights lie: what the source names, else where the head comment downloads to."""
    directory = writer.value("model.directory")
    if directory:
        return str(directory)
    name = str(writer.value("model.id"))
    return name.rstrip("/") if is_local(name) else f"/tmp/{name.rsplit('/', 1)[-1]}"


def put_model(writer: Writer) -> None:
    """``model`` without its adapter arguments, and ``checkpointer``."""
    made = target_builder(writer)
    name = str(writer.value("model.id"))
    if made is None:
        known = _KNOWN[writer.version]
        other = "main" if writer.version != "main" else "0.6.1"
        elsewhere = builder_for(name, other)  # type: ignore[arg-type]
        reason = unfit(name)
        why = f"torchtune {writer.version} does not make this model; it has {known}"
        if reason is not None:
            why = f"torchtune {writer.version} does not make this model: {reason}"
        if not name:
            why = "it is not known which model is trained"
        help = f"torchtune {other} has it: --to torchtune@{other}" if elsewhere else None
        if name and help is None and reason is None and _may_fit(name):
            help = _SHAPE_HELP.format(name=name)
        writer.lose(Code.LOST_MODEL, "model.id", why, help=help)
        writer.put("model._component_", "torchtune.models.UNKNOWN", "model.id")
    else:
        if "vision" in (made.path or ""):
            why = "ftx writes torchtune's text models; this one is of several parts"
            writer.lose(Code.LOST_MODEL, "model.id", why)
        _put_builder(writer, made)
    _put_checkpointer(writer, made)


def _put_builder(writer: Writer, made: Builder) -> None:
    adapted = bool(writer.value("adapter"))
    four = adapted and writer.value("quantization.kind") in ("nf4", "fp4")
    form = "full"
    if adapted:
        form = "qlora" if four and made.qlora else "lora"
    path = made.dotpath(form)  # type: ignore[arg-type]
    if path is None:
        path = made.lora_component() if adapted else made.component
        if path is None:
            why = "torchtune has no builder of this model with adapters"
            writer.lose(Code.LOST_MODEL, "model.id", why)
            path = made.component or "torchtune.models.UNKNOWN"
        writer.put("model._component_", path, "model.id")
        for name, value in made.architecture:
            writer.put(f"model.{name}", value)
        if len(made.ids) == 0:
            why = "told by the numbers of its config.json"
            writer.lose(Code.TOLD_OTHERWISE, "model.id", why, Severity.NOTE)
    else:
        writer.put("model._component_", path, "model.id")
    if made.assumed:
        why = f"taken to have the architecture of {made.ids[0]}, which its name suggests"
        writer.lose(Code.LOST_LOADING, "model.id", why, Severity.NOTE)


def _put_checkpointer(writer: Writer, made: Builder | None) -> None:
    name = str(writer.value("model.id"))
    files: list[str] | dict[str, str] = list(writer.value("model.files") or ())
    meta = files == [META_FILE]
    kind = "FullModelMetaCheckpointer" if meta else "FullModelHFCheckpointer"
    writer.put("checkpointer._component_", f"torchtune.training.{kind}")
    folder = folder_of(writer)
    writer.put("checkpointer.checkpoint_dir", folder, "model.directory")
    if not writer.value("model.directory"):
        why = f"torchtune reads weights from a folder: {folder}"
        writer.lose(Code.LOST_LOADING, "model.directory", why, Severity.NOTE, verbose=True)
    if not files:
        listed = checkpoint_files(name)
        if listed is None:
            files = ["model.safetensors"]
            why = "its weight files are not known; list them in checkpointer.checkpoint_files"
            writer.lose(Code.LOST_LOADING, "model.files", why, Severity.WARNING)
        else:
            files = listed.short
            why = "torchtune is given the list of them"
            if listed.assumed:
                why = "the weight files are listed as those of a model of the same shape"
            writer.lose(
                Code.LOST_LOADING, "model.files", why, Severity.NOTE, verbose=not listed.assumed
            )
    writer.put("checkpointer.checkpoint_files", files, "model.files")
    writer.put("checkpointer.recipe_checkpoint", None)
    writer.put("checkpointer.output_dir", "${output_dir}")
    writer.put("checkpointer.model_type", "LLAMA3" if made is None else made.model_type)


def put_tokenizer(writer: Writer) -> None:
    """``tokenizer`` with its files; beside the weights unless it is another model's."""
    made = target_builder(writer)
    if made is None:
        writer.put("tokenizer._component_", "torchtune.models.llama3.llama3_tokenizer")
        writer.put("tokenizer.path", f"{folder_of(writer)}/original/tokenizer.model")
        return
    folder = folder_of(writer).rstrip("/")
    other = writer.value("model.tokenizer")
    if other and resolve(str(other)).canonical != resolve(str(writer.value("model.id"))).canonical:
        folder = str(other) if is_local(str(other)) else f"/tmp/{str(other).rsplit('/', 1)[-1]}"
        why = f"its files are expected in {folder}"
        writer.lose(Code.LOST_LOADING, "model.tokenizer", why, Severity.NOTE)
    writer.put("tokenizer._component_", made.tokenizer.component, "model.tokenizer")
    for argument, file in made.tokenizer.files:
        if folder.rstrip("/").rpartition("/")[2] == "original":
            file = file.removeprefix("original/")
        writer.put(f"tokenizer.{argument}", f"{folder}/{file}")


def put_modality(writer: Writer) -> None:
    """Text only: what torchtune's image data sets need is not in the IR."""
    if writer.value("model.modality") != "text":
        why = "ftx writes torchtune configs for text only"
        writer.lose(Code.LOST_MODEL, "model.modality", why)


def put_vocabulary(writer: Writer) -> None:
    """torchtune's tokenizers have their tokens built in."""
    usual, made = _usual_tokens(writer), target_builder(writer)
    for role, token in writer.value("model.special_tokens"):
        if usual.get(role) == token:
            continue
        if role == "eos_token" and made is not None and made.tokenizer.component == TEXT_TOKENIZER:
            why = f"{token!r}, which the side file's tokenizer ends rows with"
            writer.lose(Code.TOLD_OTHERWISE, "model.special_tokens", why, Severity.NOTE)
            continue
        why = f"torchtune's tokenizer has its own {role}, not {token!r}"
        severe = role in ("eos_token", "bos_token") and usual.get(role) is not None
        severity = Severity.ERROR if severe else Severity.NOTE
        writer.lose(Code.LOST_TOKENIZER, "model.special_tokens", why, severity)
    if writer.value("model.new_tokens"):
        why = "torchtune cannot add tokens to a vocabulary"
        writer.lose(Code.LOST_TOKENIZER, "model.new_tokens", why)


def _usual_tokens(writer: Writer) -> dict[str, str | None]:
    """The tokens that the model's tokenizer begins and ends rows with."""
    made = target_builder(writer)
    if made is not None and made.tokenizer.component.endswith(
        (".llama2_tokenizer", ".mistral_tokenizer")
    ):
        return {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    known = facts(str(writer.value("model.id")))
    return {} if known is None else {"bos_token": known.bos_token, "eos_token": known.eos_token}

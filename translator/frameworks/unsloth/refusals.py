"""Trainings that ftx does not read, and why: speech, embeddings, classification and the like."""

from __future__ import annotations

from translator.tree import Node

_LOADERS = {
    "FastSentenceTransformer": "trains sentence embeddings, which only Unsloth does",
    "FastDiffusionModel": "trains a model of images",
}
_TRAINERS = {
    "SentenceTransformerTrainer": "trains sentence embeddings, which only Unsloth does",
    "PPOTrainer": "trains with PPO in a loop of its own",
    "PRMTrainer": "trains a process reward model",
    "GKDTrainer": "distils another model",
    "OnlineDPOTrainer": "trains on comparisons that a judge makes while it runs",
    "NashMDTrainer": "trains on comparisons that a judge makes while it runs",
    "XPOTrainer": "trains on comparisons that a judge makes while it runs",
}
_SPEECH = ("whisper", "csm-1b", "sesame")
_HEADS = ("SequenceClassification", "TokenClassification", "QuestionAnswering")


def refusal(tree: Node) -> str | None:
    """Why a training is none that ftx reads, None for one that it reads."""

    def text(*address: str | int) -> str:
        node = tree.get(address)
        return "" if node is None else str(node.plain())

    for section, names in (("load", _LOADERS), ("trainer", _TRAINERS)):
        for key in ("class", "base"):
            name = text(section, key).rpartition(".")[2]
            if name in names:
                return names[name]
    if any(head in text("load", "auto_model") for head in _HEADS) or text("load", "num_labels"):
        return "trains a classifier, which no other framework here does"
    model = text("load", "model_name").lower()
    if text("load", "whisper_task") or "Whisper" in text("load", "auto_model"):
        return "trains on speech, which no other framework here does"
    if any(name in model for name in _SPEECH) or "Csm" in text("load", "auto_model"):
        return "trains on speech, which no other framework here does"
    if "bert" in model.rpartition("/")[2] and not text("trainer", "class").startswith("SFT"):
        return "trains an encoder, which no other framework here does"
    if tree.get(("load",)) is None:
        return "trains a model that it does not load with from_pretrained"
    loader = text("load", "class").rpartition(".")[2]
    if text("script", "unsloth") == "False" and (
        loader.startswith("AutoModel")
        or loader.endswith(("ForCausalLM", "ForConditionalGeneration"))
    ):
        return f"trains without Unsloth, whose scripts are read: {loader} loads the model"
    return None

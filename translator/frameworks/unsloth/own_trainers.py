"""Trainers and configurations that a script derives from a library's: what they change of the
training, and what they take besides."""

from __future__ import annotations

import ast

from translator.syntax.evaluate_values import Class

ALTERING = frozenset((
    "compute_loss", "training_step", "train", "_inner_training_loop", "get_train_dataloader",
    "_get_train_sampler", "get_batch_samples", "create_optimizer", "create_scheduler",
    "create_optimizer_and_scheduler", "get_decay_parameter_names",
    "get_optimizer_cls_and_kwargs", "_prepare_inputs", "_prepare_input", "_prepare_dataset",
    "data_collator", "tokenize_row", "build_tokenized_answer", "process_row",
    "concatenated_inputs", "concatenated_forward", "dpo_loss", "get_batch_loss_metrics",
    "get_batch_logps", "odds_ratio_loss", "kto_loss", "forward", "_compute_loss",
    "_get_per_token_logps", "_get_per_token_logps_and_entropies",
    "_generate_and_score_completions", "_calculate_rewards",
))  # fmt: skip
"""Methods of transformers' and TRL's trainers that decide what is trained, and in what steps
(transformers/trainer.py, trl/trainer/*_trainer.py; 5.16, 1.9)."""

LIBRARY = frozenset((
    "model", "ref_model", "args", "data_collator", "train_dataset", "eval_dataset",
    "processing_class", "tokenizer", "model_init", "compute_loss_func", "compute_metrics",
    "callbacks", "optimizers", "optimizer_cls_and_kwargs", "preprocess_logits_for_metrics",
    "peft_config", "formatting_func", "dataset_text_field", "max_seq_length", "packing",
    "dataset_num_proc", "dataset_kwargs", "neftune_noise_alpha", "reward_funcs",
    "reward_processing_classes", "beta", "label_pad_token_id", "padding_value",
    "truncation_mode", "max_length", "max_prompt_length", "max_target_length", "rollout_func",
    "tools",
))  # fmt: skip
"""Arguments of the libraries' trainers, by present and former names."""


def altering_methods(trainer: Class) -> dict[str, ast.FunctionDef]:
    """Methods of a trainer that replace those by which the library's own trains."""
    return {method.name: method for method in _methods(trainer) if method.name in ALTERING}


def own_arguments(trainer: Class) -> frozenset[str]:
    """Arguments that the class takes beside those of the library's trainer."""
    return _parameters(trainer) - LIBRARY


def declared_names(configuration: Class) -> frozenset[str]:
    """The settings that a class of the script's own declares: the fields of a dataclass, or what
    its constructor takes."""
    fields = (name for part in configuration.lineage() for name in part.fields)
    return frozenset(fields) | _parameters(configuration)


def _parameters(kind: Class) -> frozenset[str]:
    """The parameters of a class's constructors, and what they take out of their ``**kwargs`` by
    name."""
    names: set[str] = set()
    for method in _methods(kind):
        if method.name != "__init__":
            continue
        args = method.args
        names.update(a.arg for a in (*args.posonlyargs, *args.args, *args.kwonlyargs))
        if args.kwarg is not None:
            inner = (node for node in ast.walk(method) if isinstance(node, ast.Constant))
            names.update(node.value for node in inner if isinstance(node.value, str))
    return frozenset(names) - {"self"}


def _methods(trainer: Class) -> list[ast.FunctionDef]:
    bodies = (part.node.body for part in trainer.lineage())
    return [entry for body in bodies for entry in body if isinstance(entry, ast.FunctionDef)]

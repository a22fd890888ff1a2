"""Names of models: aliases, mirrors, facts by name and by config.json."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from translator.catalog.data import table
from translator.catalog.identity import Identity, resolve, unsloth_mirror
from translator.catalog.models import config_file, facts, from_config, size_of

ROOT = Path(__file__).parent.parent
SEVEN = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@pytest.mark.parametrize("name", ["aliases", "models", "torchtune"])
def test_data_follows_its_schema(name: str) -> None:
    import jsonschema

    schema = json.loads((ROOT / f"schemas/catalog-{name}.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(table(name))


@pytest.mark.parametrize(
    ("name", "canonical", "bits", "dynamic"),
    [
        ("unsloth/llama-3.1-8b-bnb-4bit", "meta-llama/Llama-3.1-8B", 4, False),
        ("unsloth/llama-3.1-8b-unsloth-bnb-4bit", "meta-llama/Llama-3.1-8B", 4, True),
        ("unsloth/llama-3-8b", "meta-llama/Meta-Llama-3-8B", None, False),
        ("unsloth/mistral-7b-bnb-4bit", "mistralai/Mistral-7B-v0.1", 4, False),
        (
            "unsloth/tinyllama-bnb-4bit",
            "TinyLlama/TinyLlama-1.1B-intermediate-step-1431k-3T",
            4,
            False,
        ),
        ("unsloth/gpt-oss-20b-BF16", "openai/gpt-oss-20b", 16, False),
        ("unsloth/Phi-4", "microsoft/phi-4", None, False),
        ("unsloth/Never-Heard-Of-3B-unsloth-bnb-4bit", "unsloth/Never-Heard-Of-3B", 4, True),
        ("somebody/model-GGUF", "somebody/model", None, False),
        ("meta-llama/Meta-Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-8B-Instruct", None, False),
        ("./out/checkpoint-10", "./out/checkpoint-10", None, False),
    ],
)
def test_names_lead_to_the_original(name: str, canonical: str, bits: int, dynamic: bool) -> None:
    for spelling in (name, name.upper() if "/out/" not in name else name):
        found = resolve(spelling)
        if found.known:
            assert found.canonical == canonical
        assert found.canonical.lower() == canonical.lower()
        assert (found.bits, found.dynamic) == (bits, dynamic)


def test_what_is_written() -> None:
    """An Unsloth alias is replaced by the original; a re-upload stays what the user chose."""
    assert resolve("unsloth/llama-3-8b-bnb-4bit").weights == "meta-llama/Meta-Llama-3-8B"
    assert resolve("NousResearch/Llama-3.2-1B").weights == "NousResearch/Llama-3.2-1B"
    assert resolve("NousResearch/Llama-3.2-1B").canonical == "meta-llama/Llama-3.2-1B"
    assert resolve("someone/x-GPTQ").weights == "someone/x-GPTQ"


def test_an_original_is_its_own_identity() -> None:
    assert resolve("meta-llama/Llama-3.1-8B") == Identity(
        canonical="meta-llama/Llama-3.1-8B",
        weights="meta-llama/Llama-3.1-8B",
        bits=None,
        dynamic=False,
        known=True,
        alias=None,
    )


def test_resolving_twice_changes_nothing() -> None:
    for group in ("unsloth", "mirror_of"):
        for canonical, aliases in table("aliases")[group]["models"].items():
            for alias in aliases:
                found = resolve(alias).canonical
                assert resolve(found).canonical == found, (canonical, alias)


def test_unsloth_mirror() -> None:
    assert unsloth_mirror("meta-llama/Llama-3.1-8B") == "unsloth/Llama-3.1-8B"
    assert unsloth_mirror("nobody/nothing") is None


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("Qwen/Qwen2.5-0.5B-Instruct", "0.5b"),
        ("stabilityai/stablelm-2-1_6b", "1.6b"),
        ("Qwen/Qwen3-30B-A3B", "30b"),
        ("mistralai/Mixtral-8x7B-v0.1", "7b"),
        ("HuggingFaceTB/SmolLM2-135M", "135m"),
        ("microsoft/Phi-3-mini-4k-instruct", None),
        ("org/code_llama_7b_v2", "7b"),
    ],
)
def test_size_in_a_name(name: str, size: str | None) -> None:
    assert size_of(name) == size


def test_facts_of_a_listed_model() -> None:
    found = facts("unsloth/Llama-3.2-1B-Instruct")
    assert found is not None
    assert (found.family, found.base, found.tied_embeddings) == ("llama", False, True)
    assert found.linear_modules == SEVEN
    assert (found.eos_token, found.max_positions) == ("<|eot_id|>", 131072)
    assert not found.assumed


def test_facts_of_somebodys_finetune_are_assumed() -> None:
    found = facts("org/My-Llama-3.1-8B-finetune")
    assert found is not None
    assert (found.family, found.line, found.assumed) == ("llama", "llama-3.1", True)
    assert found.base is None


def test_fused_modules() -> None:
    found = facts("unsloth/Phi-3-mini-4k-instruct")
    assert found is not None
    assert found.linear_modules == ("qkv_proj", "o_proj", "gate_up_proj", "down_proj")
    assert dict(found.fused_modules)["qkv_proj"] == ("q_proj", "k_proj", "v_proj")


def test_an_unknown_name_has_no_facts() -> None:
    assert facts("lora_model") is None
    assert facts("org/whatever") is None


def test_config_json_of_a_folder(tmp_path: Path) -> None:
    config = {"model_type": "qwen2", "tie_word_embeddings": True, "max_position_embeddings": 123}
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    found = facts(str(tmp_path))
    assert found is not None
    assert (found.family, found.tied_embeddings, found.max_positions) == ("qwen2", True, 123)
    assert found.source == "config.json"
    (tmp_path / "config.json").write_text("[]", "utf-8")
    assert from_config(tmp_path) is None


def test_config_json_of_the_hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = tmp_path / "hub/models--org--Name/snapshots/abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text('{"model_type": "gemma2"}', "utf-8")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    assert config_file("org/Name") == str(snapshot / "config.json")
    found = facts("org/Name")
    assert found is not None
    assert found.family == "gemma2"


def test_every_line_names_a_family_and_every_alias_has_one() -> None:
    families = table("models")["families"]
    assert [row["id"] for row in table("models")["lines"] if row["family"] not in families] == []
    for canonical in table("aliases")["unsloth"]["models"]:
        assert facts(canonical) is not None, canonical


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")  # those of the frameworks
def test_modules_of_families_in_transformers() -> None:
    """Leaf names of linear layers, decoder layer classes and expert weights, on the meta device."""
    pytest.importorskip("axolotl")  # its environment has the newest transformers
    import torch
    import transformers
    from transformers import CONFIG_MAPPING
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as MODELS

    families = table("models")["families"]
    for family in (
        "llama", "mistral", "mixtral", "qwen2", "qwen3", "qwen3_moe", "gemma", "gemma2", "phi",
        "phi3", "gpt_oss", "cohere", "falcon", "glm4", "starcoder2", "gpt_neox", "olmo2", "smollm3",
    ):  # fmt: skip
        config = CONFIG_MAPPING[family]()
        with torch.device("meta"):
            model = getattr(transformers, MODELS[family])(config)
        named = list(model.named_modules())
        linear = {name.rsplit(".", 1)[-1] for name, m in named if "Linear" in type(m).__name__}
        row = families[family]
        assert set(row["linear_modules"]) == linear - {"lm_head"}, family
        assert row["decoder_layer"] in model._no_split_modules, family
        stacked = {n.rsplit(".", 1)[-1] for n, p in model.named_parameters() if p.ndim == 3}
        assert set(row["experts"]) == stacked, family


@pytest.mark.parametrize("name", ["x" * 5000, f"a/{'x' * 5000}", "./\0", "~nobody/x", "a/\ud800"])
def test_names_that_no_file_can_have_have_no_file(name: str) -> None:
    assert config_file(name) is None

"""What lies around a config in its repository may explain what would be wrong without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint.examples import whole
from translator.diagnostics import Diagnostic, Severity
from translator.lint.checking import check_source
from translator.lint.settings import Settings
from translator.source import asked_for, read_source

NAMED = "# tune run lora_finetune_single_device --config x\n"
RECIPE = (
    "from torchtune import config\n\n\nclass Mine(FTRecipeInterface):\n"
    "    def setup(self, cfg):\n        self.optimizer = cfg.optimizer\n{body}\n"
)


def lint(root: Path, files: dict[str, str], name: str) -> list[Diagnostic]:
    """What is told of one of some files of a repository, without ``-v``."""
    (root / ".git").mkdir(exist_ok=True)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    source = read_source(root / name)
    checked = check_source(source, Settings(root=root), known=False)
    return [d for d in checked.findings if not d.verbose]


def torchtune(text: str, without: tuple[str, ...] = ()) -> str:
    """A whole config around some lines, less some keys."""
    lines = whole("torchtune", text)[0].split("\n")
    return (
        "\n".join(line for line in lines if not line.startswith(without))
        if without
        else "\n".join(lines)
    )


def codes(found: list[Diagnostic]) -> set[str]:
    return {d.code for d in found}


# --- recipes of the author's own -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "body", "code"),
    [
        ("held_out_share: 0.1\n", 'print(cfg["held_out_share"])', "CFG001"),
        (
            "optimizer:\n  _component_: torch.optim.AdamW\n  lr: 2e-4\n  head_rate: 1e-3\n",
            'rate = cfg_optimizer.pop("head_rate")',
            "CFG202",
        ),
        ("epochs: 0\n", "print(cfg.epochs)", "CFG003"),
        ("dataset:\n  shards: 8\n", "rows = Rows(**cfg.dataset)", "CFG001"),
    ],
)
def test_a_recipe_in_the_repository_reads_it(
    tmp_path: Path, lines: str, body: str, code: str
) -> None:
    config = {"configs/deep/run.yaml": torchtune(lines)}
    other = {"train/other.py": RECIPE.format(body="        pass").replace("torchtune", "acme")}
    assert code in codes(lint(tmp_path, config | other, "configs/deep/run.yaml"))
    own = {"train/other.py": RECIPE.format(body=f"        {body}")}
    assert code not in codes(lint(tmp_path, config | own, "configs/deep/run.yaml"))


def test_an_argument_that_is_read_and_handed_on_is_told(tmp_path: Path) -> None:
    rows = "dataset:\n  _component_: torchtune.datasets.alpaca_dataset\n  shards: 8\n"
    body = '        if cfg_dataset.get("shards"):\n            pass'
    files = {"a.yaml": torchtune(rows), "mine.py": RECIPE.format(body=body)}
    assert "CFG202" in codes(lint(tmp_path, files, "a.yaml"))


def test_the_recipe_that_runs_a_config_needs_what_it_reads(tmp_path: Path) -> None:
    text = torchtune(NAMED, without=("epochs:",))
    own = {"train/mine.py": RECIPE.format(body="        print(cfg.steps)")}
    files = {"configs/deep/run.yaml": text} | own
    assert "CFG006" in codes(lint(tmp_path, files, "configs/deep/run.yaml"))
    script = {"go.sh": "python train/mine.py \\\n  --config configs/deep/run.yaml\n"}
    assert "CFG006" not in codes(lint(tmp_path, files | script, "configs/deep/run.yaml"))
    reads = {"train/mine.py": RECIPE.format(body="        print(cfg.epochs)")}
    assert "CFG006" in codes(lint(tmp_path, files | script | reads, "configs/deep/run.yaml"))


def test_the_head_says_which_recipe_a_key_is_for(tmp_path: Path) -> None:
    files = {
        "a.yaml": torchtune(NAMED + "batch_size_val: 4\n"),
        "other.py": RECIPE.format(body="        print(cfg.batch_size_val)"),
    }
    assert "CFG004" in codes(lint(tmp_path, files, "a.yaml"))
    same = {"recipes/lora_finetune_single_device.py": files["other.py"]}
    assert "CFG004" not in codes(lint(tmp_path, files | same, "a.yaml"))


def test_no_recipe_stands_for_one_that_torchtune_has_not(tmp_path: Path) -> None:
    text = torchtune("# tune run lora_my_way --config x\nfsdp_cpu_offload: true\n")
    told = lint(tmp_path, {"a.yaml": text}, "a.yaml")
    assert not [d for d in told if "does not read it" in d.message]


def test_advice_on_the_loss_is_for_recipes_of_torchtune(tmp_path: Path) -> None:
    head = "# tune run recipes/mine.py --config a.yaml\n"
    text = torchtune("loss:\n  _component_: torch.nn.CrossEntropyLoss\n")
    own = {"recipes/mine.py": RECIPE.format(body="        pass")}
    assert "CFG002" in codes(lint(tmp_path, {"a.yaml": text} | own, "a.yaml"))
    assert "CFG002" not in codes(lint(tmp_path, {"a.yaml": head + text} | own, "a.yaml"))


# --- a torchtune in the repository ---------------------------------------------------------------

BUILDERS = (
    "def lora_llama3_1_8b(\n    lora_attn_modules: list[str],\n    lora_kind: str = 'plain',  # or (b)\n"
    "    lora_rank: int = 8,\n) -> Model:\n    pass\n\n\n"
    "narrow_llama3_1_8b = partial(lora_llama3_1_8b, lora_rank=1)\n"
)
FORK = {
    "torchtune/models/llama3_1/_model_builders.py": BUILDERS,
    "torchtune/modules/__init__.py": "",
    "torchtune/training/__init__.py": "",
}


def model(name: str, *arguments: str) -> str:
    lines = "".join(f"  {line}\n" for line in ("lora_attn_modules: [q_proj]", *arguments))
    return torchtune(f"model:\n  _component_: torchtune.models.llama3_1.{name}\n{lines}")


def test_a_fork_in_the_repository_is_looked_into(tmp_path: Path) -> None:
    name = "recipes/configs/a.yaml"
    for text in (model("lora_llama3_1_8b", "lora_kind: wide"), model("narrow_llama3_1_8b")):
        told = lint(tmp_path, FORK | {name: text}, name)
        assert not codes(told) & {"CFG201", "CFG202", "CFG001"}
    told = lint(tmp_path, FORK | {name: model("lora_llama3_1_8b", "lora_sort: wide")}, name)
    assert "CFG202" in codes(told)
    told = lint(tmp_path, FORK | {name: model("lora_llama3_1_8c")}, name)
    unknown = [d for d in told if d.code == "CFG201"]
    assert [(d.severity, d.help) for d in unknown] == [(Severity.NOTE, None)]


def test_what_a_fork_imports_is_there(tmp_path: Path) -> None:
    files = FORK | {
        "torchtune/models/llama3_1/__init__.py": "from acme import (\n    one,\n    wide_8b,\n)\n"
    }
    told = lint(tmp_path, files | {"a.yaml": model("wide_8b")}, "a.yaml")
    assert "CFG201" not in codes(told)


def test_without_a_root_only_what_is_next_is_looked_at(tmp_path: Path) -> None:
    from translator.repository import Repository

    for name in ("one/configs", "one/recipes", "one/other", "two"):
        (tmp_path / name).mkdir(parents=True)
    around = Repository(str(tmp_path / "one" / "configs" / "a.yaml"))
    assert str(tmp_path / "one" / "recipes") in around.folders
    assert str(tmp_path / "one" / "other") not in around.folders
    (tmp_path / "one" / "README.md").touch()
    around = Repository(str(tmp_path / "one" / "configs" / "a.yaml"))
    assert str(tmp_path / "one" / "other") in around.folders
    assert str(tmp_path / "two") not in around.folders


def test_without_the_fork_it_is_told(tmp_path: Path) -> None:
    told = lint(tmp_path, {"a.yaml": model("lora_llama3_1_8b", "lora_kind: wide")}, "a.yaml")
    assert "CFG202" in codes(told)
    folder = {"torchtune/a.yaml": model("lora_llama3_1_8b", "lora_kind: wide")}
    assert "CFG202" in codes(lint(tmp_path, folder, "torchtune/a.yaml"))


# --- values on the command line ------------------------------------------------------------------

SHORT = (
    "checkpointer:\n  _component_: torchtune.training.FullModelMetaCheckpointer\n"
    "  checkpoint_files: [a.pth]\n  model_type: LLAMA3\n"
)
COMMAND = (
    "CONFIG=./config/run.yaml\ntune run lora_finetune_single_device \\\n  --config {config} \\\n"
    "  output_dir=$OUT checkpointer.output_dir=$OUT checkpointer.checkpoint_dir=$IN\n"
)


@pytest.mark.parametrize("config", ["$CONFIG", "config/run.yaml"])
@pytest.mark.parametrize("script", ["scripts/go.sh", "Makefile", "README.md"])
def test_a_command_gives_what_the_file_leaves_out(tmp_path: Path, config: str, script: str) -> None:
    files = {"config/run.yaml": torchtune(NAMED + SHORT, without=("output_dir:",))}
    name = "config/run.yaml"
    told = lint(tmp_path, files, name)
    assert {"CFG006", "CFG202"} <= codes(told)
    assert "CFG206" not in codes(told)  # CFG202 has said it
    told = lint(tmp_path, files | {script: COMMAND.format(config=config)}, name)
    assert not codes(told) & {"CFG006", "CFG202", "CFG206"}


def test_a_command_for_another_file_gives_nothing(tmp_path: Path) -> None:
    files = {"config/run.yaml": torchtune(NAMED + SHORT), "README.md": "see config/run.yaml\n"}
    files["README.md"] += COMMAND.format(config="other.yaml")
    assert "CFG202" in codes(lint(tmp_path, files, "config/run.yaml"))


def test_a_head_that_only_shows_how_gives_nothing(tmp_path: Path) -> None:
    head = "# tune run lora_finetune_single_device --config x checkpointer.checkpoint_dir=<DIR>\n"
    assert "CFG202" in codes(lint(tmp_path, {"a.yaml": torchtune(head + SHORT)}, "a.yaml"))
    given = head.replace("<DIR>", "/models/base")
    told = lint(tmp_path, {"a.yaml": torchtune(given + SHORT)}, "a.yaml")
    assert not [d for d in told if d.code == "CFG202" and "checkpoint_dir" in d.message]


# --- trainers of the author's own ----------------------------------------------------------------

FLAT = (
    "model_name_or_path: acme/base\ndataset: acme/rows\nper_device_train_batch_size: 2\n"
    "num_train_epochs: 1\nlearning_rate: 2.0e-4\nuse_peft: true\nlora_r: 8\nlora_alpha: 16\n"
    "lora_target_modules: [q_proj]\nchat_template: chatml\n"
)
MIXED = (
    "base_model: acme/base\nload_in_4bit: true\nlora_r: 8\nsequence_len: 512\nlearning_rate: 1e-4\n"
)


def test_a_file_for_another_trainer_is_passed_over(tmp_path: Path) -> None:
    assert lint(tmp_path, {"a.yaml": FLAT}, "a.yaml") == []
    foreign = "dataset:\n  name: acme/rows\noptim: adamw_torch\ntarget_modules: [q_proj]\n"
    assert lint(tmp_path, {"a.yaml": MIXED + foreign}, "a.yaml") == []


def test_a_slip_or_two_make_no_other_trainer(tmp_path: Path) -> None:
    told = lint(tmp_path, {"a.yaml": MIXED + "dataset: acme/rows\noptim: adamw_torch\n"}, "a.yaml")
    assert {"CFG001", "CFG130"} <= codes(told)


def test_a_file_that_a_program_loads_is_its_own(tmp_path: Path) -> None:
    files = {"conf/a.yaml": MIXED + "optim: adamw_torch\n"}
    files["train.py"] = (
        'import yaml\n\nwith open("conf/a.yaml") as file:\n    c = yaml.safe_load(file)\n'
    )
    assert lint(tmp_path, files, "conf/a.yaml") == []
    files["README.md"] = "axolotl train conf/a.yaml\n"
    assert "CFG130" in codes(lint(tmp_path, files, "conf/a.yaml"))


# --- templates -----------------------------------------------------------------------------------


def test_a_template_is_a_note(tmp_path: Path) -> None:
    text = torchtune("{% if wide %}\nbatch_size_val: 4\n{% endif %}\n")
    told = lint(tmp_path, {"a.yaml": text}, "a.yaml")
    assert [(d.code, d.severity) for d in told] == [("SYN002", Severity.NOTE)]
    broken = MIXED + 'chat_template_jinja: "{% for m in messages %}"\nadapter: [lora\n'
    told = lint(tmp_path, {"a.yaml": broken}, "a.yaml")
    assert [(d.code, d.severity) for d in told] == [("SYN002", Severity.ERROR)]


def test_a_placeholder_is_no_value_of_a_removed_key(tmp_path: Path) -> None:
    text = whole("axolotl", "s2_attention: ${S2}\nrpo_alpha: ${ALPHA}\n")[0]
    told = lint(tmp_path, {"a.yaml": text}, "a.yaml")
    assert [d.key for d in told if d.code == "CFG118"] == ["rpo_alpha"]


# --- what it costs -------------------------------------------------------------------------------


def test_only_what_would_be_told_is_looked_for(tmp_path: Path) -> None:
    files = {"configs/a.yaml": torchtune(NAMED), "mine.py": RECIPE.format(body="        pass")}
    with asked_for() as asked:
        assert lint(tmp_path, files, "configs/a.yaml") == []
    assert str(tmp_path / "mine.py") not in asked
    files["configs/a.yaml"] += "held_out_share: 0.1\n"
    with asked_for() as asked:
        lint(tmp_path, files, "configs/a.yaml")
    assert {str(tmp_path / "mine.py"), str(tmp_path)} <= asked
    assert all(path.startswith(str(tmp_path)) for path in asked if path.endswith(".py"))

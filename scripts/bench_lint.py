"""Times ``ftx lint`` as a whole process, beside what people would run instead.

    python scripts/bench_lint.py [--yaml DIR] [--scripts DIR] [--rounds N]

One table for each load (one YAML file, 252 of them, 442 scripts): the fastest and the middle run in
milliseconds of wall clock, the processor time of the fastest, peak memory, and the ratio to ftx. The
runs of all commands are interleaved. Without folders the files are made from ``fixtures/``, each
with a comment of its own so that no cache takes one for another.

yamllint, check-jsonschema and ruff are those beside this Python or on the path; what is missing is
installed into ``build/bench``. Axolotl's and torchtune's own validators are timed when their
Pythons are there (``FTX_AXOLOTL_PYTHON``, ``FTX_TORCHTUNE_PYTHON``).
"""

from __future__ import annotations

import argparse
import compileall
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from bench import FTX, ROOT, SLOW_ROUNDS, Timed

CONFIGS, SCRIPTS = 252, 442
TOOLS = ("yamllint", "check-jsonschema", "ruff")
OWN = ROOT / "build" / "bench"
"""Where tools are installed that are not there."""
FLAGS = ["--isolated", "--no-gitignore", "--exit-zero", "--format", "concise"]
VALIDATE = """
import sys, yaml
from axolotl.utils.config import validate_config
from axolotl.utils.dict import DictDefault
for name in sys.argv[1:]:
    try:
        validate_config(DictDefault(yaml.safe_load(open(name))))
    except Exception:
        pass
"""

Loads = dict[str, dict[str, Timed]]
"""Load -> name in the table -> command; the first of each load is what the others are held to."""


def files_of(folder: Path | None, kind: str, count: int, into: Path) -> list[str]:
    """The first so many files of a kind, as copies in a flat folder of their own."""
    found = sorted((folder or ROOT / "fixtures").rglob(f"*.{kind}"))
    if kind == "yaml":
        found = sorted([*found, *(folder or ROOT / "fixtures").rglob("*.yml")])
    into.mkdir()
    source = found if folder else itertools.cycle(found)
    for number, path in enumerate(itertools.islice(source, count)):
        text = path.read_text("utf-8", "replace")
        own = "" if folder else f"# number {number}\n"
        (into / f"{number:03}_{path.stem}.{kind}").write_text(own + text, encoding="utf-8")
    return sorted(map(str, into.iterdir()))


def tool(name: str) -> str | None:
    """The path of a tool, installed if it has to be; None where that fails."""
    path = f"{Path(sys.executable).parent}:{OWN / 'bin'}:{os.environ.get('PATH', '')}"
    if found := shutil.which(name, path=path):
        return found
    if not OWN.exists():
        subprocess.run([sys.executable, "-m", "venv", OWN], check=True)
    install = [OWN / "bin" / "python", "-m", "pip", "install", "-q", name]
    subprocess.run(install, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return shutil.which(name, path=path)


def loads(folder: Path, yaml: Path | None, scripts: Path | None) -> Loads:
    """Every command that can be run here."""
    configs = files_of(yaml, "yaml", CONFIGS, folder / "configs")
    python = files_of(scripts, "py", SCRIPTS, folder / "scripts")
    one = str(ROOT / "fixtures" / "recipes" / "alpaca_qlora" / "axolotl.yaml")
    torchtune = str(ROOT / "fixtures" / "recipes" / "alpaca_qlora" / "torchtune.yaml")
    schema = folder / "axolotl.schema.json"
    schema.write_bytes(subprocess.check_output([*FTX, "schema", "axolotl"], cwd=ROOT))
    # a cache lies in the folder of the settings, which is the one the command is started in
    lint = [*FTX, "lint", *FLAGS]
    single = {"ftx lint": Timed([*lint, "--no-cache", one])}
    many = {"ftx lint": Timed([*lint, "--no-cache", str(folder / "configs")])}
    code = {
        "ftx lint": Timed([*lint, "--no-cache", str(folder / "scripts")]),
        "ftx lint, cached": Timed([*lint, str(folder / "scripts")], folder=folder),
    }
    for name in TOOLS:
        path = tool(name)
        if path is None:
            print(f"{name} is not there and cannot be installed", file=sys.stderr)
        elif name == "yamllint":
            single[name] = Timed([path, "-d", "relaxed", one])
            many[name] = Timed([path, "-d", "relaxed", *configs])
        elif name == "check-jsonschema":
            single[name] = Timed([path, "--schemafile", str(schema), one])
            many[name] = Timed([path, "--schemafile", str(schema), *configs])
        else:
            code["ruff check"] = Timed([path, "check", "--isolated", "--no-cache", *python])
            cached = [path, "check", "--isolated", "--cache-dir", str(folder / "ruff"), *python]
            code["ruff check, cached"] = Timed(cached)
    if (oracle := os.environ.get("FTX_AXOLOTL_PYTHON")) and Path(oracle).exists():
        single["Axolotl's validate_config"] = Timed([oracle, "-c", VALIDATE, one], slow=True)
        many["Axolotl's validate_config"] = Timed([oracle, "-c", VALIDATE, *configs], slow=True)
    if (oracle := os.environ.get("FTX_TORCHTUNE_PYTHON")) and Path(oracle).exists():
        command = [oracle, "-m", "torchtune._cli.tune", "validate", torchtune]
        single["tune validate"] = Timed(command, slow=True)
    return {"1 YAML": single, f"{len(configs)} YAMLs": many, f"{len(python)} scripts": code}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--yaml", type=Path, help="folder of configurations")
    parser.add_argument("--scripts", type=Path, help="folder of training scripts")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    compileall.compile_dir(ROOT / "translator", quiet=1)  # as an installation does
    with tempfile.TemporaryDirectory() as name:
        all_loads = loads(Path(name), options.yaml, options.scripts)
        timed = [each for named in all_loads.values() for each in named.values()]
        for each in timed:
            if not each.slow:
                each.run()  # fills caches, those of the system among them
                each.wall.clear()
                each.cpu.clear()
        for turn in range(options.rounds):
            for each in timed:
                if not each.slow or turn < SLOW_ROUNDS:
                    each.run()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {options.rounds} rounds\n")
    print("| load | command | min ms | median ms | CPU ms | peak MB | x ftx lint |")
    print("|---|---|--:|--:|--:|--:|--:|")
    for load, named in all_loads.items():
        first = min(next(iter(named.values())).wall)
        for command, each in named.items():
            low = min(each.wall)
            numbers = (low, median(each.wall), min(each.cpu))
            cells = [*(f"{seconds * 1000:.0f}" for seconds in numbers), f"{each.peak:.0f}"]
            failed = " (failed)" if each.failed else ""
            print(f"| {load} | {command}{failed} | {' | '.join(cells)} | {low / first:.2f} |")
    return int(any(each.failed for each in timed))


if __name__ == "__main__":
    sys.exit(main())

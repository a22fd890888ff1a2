#!/bin/sh
# Shows the main job on a shipped example. Usage: demo.sh FTX
set -eu
ftx=$1
case=fixtures/recipes/alpaca_qlora
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

say() { printf '\n\033[1m== %s\033[0m\n' "$1"; }

say "An Unsloth prototype ($case/unsloth.py)"
cat "$case/unsloth.py"

say "ftx convert unsloth.py --to axolotl -o run.yaml"
"$ftx" convert "$case/unsloth.py" --to axolotl -o "$out/run.yaml"
cat "$out/run.yaml"

say "ftx convert run.yaml --to torchtune -o tune.yaml"
"$ftx" convert "$out/run.yaml" --to torchtune -o "$out/tune.yaml"
cat "$out/tune.yaml"

say "ftx diff unsloth.py run.yaml: what still differs in meaning"
"$ftx" diff "$case/unsloth.py" "$out/run.yaml" || test $? -eq 1

say "ftx diff on two files that look alike and are not (fixtures/recipes/trap)"
"$ftx" diff fixtures/recipes/trap/axolotl.yaml fixtures/recipes/trap/unsloth.py || test $? -eq 1

#!/bin/sh
# Shows the main job on a shipped example. Usage: demo.sh FTX
set -eu
ftx=$1
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cp fixtures/readme/proto.py "$out"
cp fixtures/recipes/trap/axolotl.yaml "$out/alike.yaml"
cp fixtures/recipes/trap/unsloth.py "$out/alike.py"
case $ftx in /*) ;; *) ftx=$PWD/$ftx ;; esac
cd "$out"

bold= plain=
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi
title() { printf '\n%s== %s%s\n\n' "$bold" "$1" "$plain"; }
run() { title "ftx $*"; "$ftx" "$@" 2>&1 || test $? -eq 1; }

title "proto.py: a prototype with Unsloth"
cat proto.py

run convert proto.py --to axolotl -o run.yaml
title "run.yaml"
cat run.yaml

run convert run.yaml --to torchtune -o tune.yaml
title "tune.yaml"
cat tune.yaml

run diff proto.py run.yaml

title "alike.yaml and alike.py hold the same numbers, and train different models:"
run diff alike.yaml alike.py

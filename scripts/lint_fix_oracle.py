"""Do safe fixes leave alone what Axolotl makes of a file?

    FTX_AXOLOTL_PYTHON=… python scripts/lint_fix_oracle.py DIR…

Every Axolotl configuration below the folders gets its safe fixes; the validated configuration must
be the same before and after. The exit code is 1 when one is not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from lint_oracle import JUDGES, SETTINGS, originals

from translator.diagnostics import Diagnostic
from translator.lint.checking import check_source
from translator.lint.fixing import fix
from translator.source import Source


def main() -> int:
    pairs, names = [], []
    fixed = 0
    for name, text in originals([Path(folder) for folder in sys.argv[1:]], "axolotl"):
        source = Source(path="run.yaml", text=text)

        def check(changed: str, source: Source = source) -> list[Diagnostic] | None:
            checked = check_source(replace(source, text=changed), SETTINGS, "axolotl")
            return None if checked.format in (None, "?") else checked.findings

        found = check(text)
        if found is None:
            continue
        result = fix(text, found, check, unsafe=False)
        if result.text != text:
            pairs.append([text, result.text])
            names.append(name)
            fixed += len(result.fixed)
    done = subprocess.run(
        [os.environ["FTX_AXOLOTL_PYTHON"], str(JUDGES / "effective_axolotl.py")],
        input=json.dumps(pairs),
        capture_output=True,
        text=True,
        check=True,
    )
    differing = [
        (name, what)
        for name, what in zip(names, json.loads(done.stdout), strict=True)
        if what is not None
    ]
    print(f"{len(pairs)} files with {fixed} safe fixes, {len(differing)} come to something else")
    for name, what in differing:
        print(f"  {name}: {', '.join(what)}")
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit(main())

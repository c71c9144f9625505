"""The program: try all mutants, or those of some defects."""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path

from tools.mutants.changing import CHANGING
from tools.mutants.finding import FINDING
from tools.mutants.people import PEOPLE
from tools.mutants.rows import ROWS
from tools.mutants.schema import SCHEMA
from tools.mutants.starting import STARTING
from tools.mutants.trial import prepared
from tools.mutants.values import VALUES

MUTANTS = (*STARTING, *FINDING, *CHANGING, *PEOPLE, *SCHEMA, *ROWS, *VALUES)
LAST_LINES = 40


def main(arguments: list[str]) -> int:
    """Try the mutants; the exit code is how many were not killed."""
    wanted = [argument for argument in arguments if argument != "-v"]
    chosen = [mutant for mutant in MUTANTS if not wanted or mutant.number in wanted]
    bad = 0
    with tempfile.TemporaryDirectory(prefix="ombud-mutants-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server's own user must be able to enter
        with prepared(folder) as trial:
            failure = trial.without(dict.fromkeys(mutant.test for mutant in chosen))
            if failure:
                print(f"{failure}\nNothing was tried: a test fails without any mutant.")
                return 100
            for mutant in chosen:
                verdict = trial.of(mutant)
                bad += verdict.word != "killed"
                print(f"{mutant.number}  {verdict.word:9}  {mutant.test}", flush=True)
                if "-v" in arguments or verdict.word not in ("killed", "survived"):
                    print("\n".join(verdict.output.splitlines()[-LAST_LINES:]), flush=True)
    defects = {mutant.number for mutant in chosen}
    print(f"{len(chosen) - bad} of {len(chosen)} were killed, of {len(defects)} defects")
    return min(bad, 100)


if __name__ == "__main__":
    # Whoever ends this ends the server too.
    signal.signal(signal.SIGTERM, lambda *_received: sys.exit(100))
    sys.exit(main(sys.argv[1:]))

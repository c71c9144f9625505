"""A plugin of pytest for runs on a mutant: a server that runs already, and failures that are not made smaller.

`MUTANTS_SERVER` names the server's folder, with the migrated template in it; without it the run starts its own.
"""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

from ombud.testing.pytest import ROOT_VARIABLE

VARIABLE = "MUTANTS_SERVER"


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Put the server's folder where the run would make its own; after the run the link goes, not the folder."""
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("mutants", phases=phases, print_blob=False)
    hypothesis.settings.load_profile("mutants")
    if VARIABLE in os.environ:
        Path(os.environ[ROOT_VARIABLE], "desk").symlink_to(os.environ[VARIABLE])

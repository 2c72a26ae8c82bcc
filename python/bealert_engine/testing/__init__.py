"""A simulated SMS gateway, for the tests of host applications.

With `pytest_plugins = ["bealert_engine.testing"]` in a `conftest.py`, tests get the fixtures
`bealert_smsc` and `bealert_gateway`.
"""

from __future__ import annotations

import sys

from bealert_engine.testing.simulator import Message, Simulator, smsc

__all__ = ["Message", "Simulator", "smsc"]

if "pytest" in sys.modules:  # only pytest looks for fixtures, and it has loaded itself by then
    from bealert_engine.testing.fixtures import bealert_gateway, bealert_smsc

    __all__ += ["bealert_gateway", "bealert_smsc"]

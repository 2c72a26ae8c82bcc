"""For the tests of host applications: a simulated SMS gateway, and a whole simulated world.

With `pytest_plugins = ["bealert_engine.testing"]` in a `conftest.py`, tests get the fixtures
`bealert_smsc` and `bealert_gateway`.
"""

from __future__ import annotations

import sys

from bealert_engine.testing.simulator import Message, Simulator, smsc
from bealert_engine.testing.world import World, WorldCampaign

__all__ = ["Message", "Simulator", "World", "WorldCampaign", "smsc"]

if "pytest" in sys.modules:  # only pytest looks for fixtures, and it has loaded itself by then
    from bealert_engine.testing.fixtures import bealert_gateway, bealert_smsc

    __all__ += ["bealert_gateway", "bealert_smsc"]

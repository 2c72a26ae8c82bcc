"""For the tests of host applications: simulated far ends, and a whole simulated world.

With `pytest_plugins = ["bealert_engine.testing"]` in a `conftest.py`, tests get the fixtures
`bealert_smsc`, `bealert_gateway` and `bealert_relay`.
"""

from __future__ import annotations

import sys

from bealert_engine.testing.relay import Mail, Relay, relay
from bealert_engine.testing.simulator import Message, Simulator, smsc
from bealert_engine.testing.world import World
from bealert_engine.testing.world_campaign import WorldCampaign

__all__ = ["Mail", "Message", "Relay", "Simulator", "World", "WorldCampaign", "relay", "smsc"]

if "pytest" in sys.modules:  # only pytest looks for fixtures, and it has loaded itself by then
    from bealert_engine.testing.fixtures import bealert_gateway, bealert_relay, bealert_smsc

    __all__ += ["bealert_gateway", "bealert_relay", "bealert_smsc"]

"""Fixtures for pytest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bealert_engine.gateways import Smpp
from bealert_engine.testing.relay import Relay, relay
from bealert_engine.testing.simulator import Simulator, smsc

__all__ = ["bealert_gateway", "bealert_relay", "bealert_smsc"]


@pytest.fixture
def bealert_smsc() -> Iterator[Simulator]:
    """A simulated SMSC without faults, on a free port of this machine."""
    with smsc() as simulator:
        yield simulator


@pytest.fixture
def bealert_gateway(bealert_smsc: Simulator) -> Smpp:
    """A gateway that leads to `bealert_smsc`."""
    return bealert_smsc.gateway()


@pytest.fixture
def bealert_relay() -> Iterator[Relay]:
    """A simulated mail relay without faults, on a free port of this machine."""
    with relay() as far_end:
        yield far_end

"""`bealert run`: hold a data directory and send what is launched into it."""

from __future__ import annotations

import logging
import time

from bealert_engine import Config, Engine
from bealert_engine.cli.exits import ExitCode, Terminated, sigterm_raises
from bealert_engine.cli.options import ConfigFile, held_directory
from bealert_engine.cli.output import Output, counted

LOOK_EVERY_S = 0.5
"""How soon a fault of the engine ends this process, so that a supervisor starts it again."""


def run(*, config: ConfigFile) -> ExitCode:
    """Hold the data directory and send until SIGTERM, which drains. Launch from other processes."""
    out = Output()
    out.show_logs(logging.INFO)
    settings = Config.from_toml(config)
    directory = held_directory(settings)
    with sigterm_raises():
        try:
            with Engine.from_config(settings) as engine:
                going_on = [one for one in engine.campaigns() if not one.ended]
                out.say(
                    f"holding {directory} with {counted(len(settings.gateways), 'gateway')}; "
                    f"{counted(len(going_on), 'campaign')} under way; SIGTERM drains and ends"
                )
                while True:
                    time.sleep(LOOK_EVERY_S)
                    engine.metrics()  # raises what the engine failed with
        except Terminated:
            out.say("drained; what is not sent yet goes on at the next run")
            return ExitCode.DONE

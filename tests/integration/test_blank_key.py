"""A blank key is refused: two alerts under it would be taken for one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be

BLANK = ("", "  ", "\t\n")


@pytest.mark.parametrize("blank", BLANK)
def test_a_launch_without_a_key_or_a_name_is_refused(
    flavour: Any, people: Any, news: Any, smsc: Any, blank: str
) -> None:
    with flavour.engine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine:
        plan = engine.plan("news", to=people(3))
        with pytest.raises(ValueError, match="key must not be blank"):
            engine.launch(plan, by="tests", key=blank)
        with pytest.raises(ValueError, match="by must not be blank"):
            engine.launch(plan, by=blank, key="k")
        assert engine.campaigns() == []


def test_a_launch_in_another_process_too(people: Any, news: Any, smsc: Any, tmp_path: Path) -> None:
    config = be.Config(data=tmp_path, gateways=[smsc.gateway()], scenarios=[news])
    plan = be.make_plan(config, "news", to=people(3))
    with be.Engine.from_config(config) as engine:
        for blank in BLANK:
            with pytest.raises(ValueError, match="key must not be blank"):
                be.Control(tmp_path).launch(plan, by="tests", key=blank)
            with pytest.raises(ValueError, match="by must not be blank"):
                be.Control(tmp_path).launch(plan, by=blank, key="k")
        assert engine.campaigns() == []


def test_text_that_no_ledger_can_hold_is_refused(people: Any, news: Any, smsc: Any) -> None:
    with be.Engine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine:
        plan = engine.plan("news", to=people(3))
        with pytest.raises(ValueError, match="half a character"):
            engine.launch(plan, by="tests", key="k\udce9")
        with pytest.raises(TypeError, match="key must be a str"):
            engine.launch(plan, by="tests", key=7)  # type: ignore[arg-type]

"""Errors say what to do next, and survive the way to another process."""

from __future__ import annotations

import pickle

import pytest

import bealert_engine as be
from bealert_engine import errors

LEAVES = [getattr(errors, name) for name in errors.__all__ if name != "BealertError"]
REFUSALS = {be.ConfigError, be.PlanRefused}


@pytest.mark.parametrize("leaf", LEAVES)
def test_the_default_message_is_the_docstring_and_says_what_to_do(leaf: type[Exception]) -> None:
    error = leaf(["a problem"]) if leaf in REFUSALS else leaf()
    assert isinstance(error, be.BealertError)
    message = str(error).splitlines()[0]
    assert leaf.__doc__ is not None
    assert " ".join(leaf.__doc__.split()).startswith(message)
    assert any(mark in message for mark in (". ", "; ")), "says what, but not what to do"


@pytest.mark.parametrize("leaf", LEAVES)
def test_pickling_keeps_everything(leaf: type[Exception]) -> None:
    error = leaf(["one", "two"]) if leaf in REFUSALS else leaf()
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is leaf
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_refusals_list_their_problems() -> None:
    error = be.PlanRefused(["the text is empty", "the rate is 0"])
    assert error.problems == ("the text is empty", "the rate is 0")
    assert str(error).splitlines()[1:] == ["  - the text is empty", "  - the rate is 0"]
    assert be.ConfigError("only one").problems == ("only one",)


def test_the_holder_is_named() -> None:
    assert be.DirectoryHeld(4711).pid == 4711
    assert str(be.DirectoryHeld(4711)).endswith("Its pid is 4711.")
    assert "pid" not in str(be.DirectoryHeld())
    assert str(pickle.loads(pickle.dumps(be.DirectoryHeld(5, "held")))) == "held"


def test_a_message_of_its_own_replaces_the_default() -> None:
    assert str(be.KeyConflict("key k is taken")) == "key k is taken"

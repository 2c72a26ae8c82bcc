"""`bealert demo`: what it alerts of, through what, and what it tells at the end."""

from bealert_engine.cli.demo.command import demo

__all__ = ["demo"]

"""`python -m bealert_engine.cli`, where the script `bealert` is not on the path."""

from bealert_engine.cli import main

main()

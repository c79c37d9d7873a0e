"""The command line: parse, call `polydistill.api`, print."""

from polydistill.cli.app import app, main

__all__ = ["app", "main"]

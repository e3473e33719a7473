"""Anywiki, a wiki for any gateway. Nothing else may stand here: every cached hit pays for this file."""

__version__ = "0.1.0"

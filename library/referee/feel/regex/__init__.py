"""Regular expressions of XPath, as ``matches``, ``replace`` and ``split`` take them; their work is bounded."""

from referee.feel.regex.pattern import Pattern, compile_pattern

__all__ = ["Pattern", "compile_pattern"]

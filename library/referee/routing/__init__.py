"""From what the rules gave to what happens next. Pure: no clock, no files, no state."""

from referee.routing.routing import Routing, route_case

__all__ = ["Routing", "route_case"]

"""Exceptions: playbooks that people write, run as statecharts whose state is rebuilt from the audit log."""

from referee.exceptions.playbook import Playbook, State, Transition, read_playbook, read_playbooks

__all__ = ["Playbook", "State", "Transition", "read_playbook", "read_playbooks"]

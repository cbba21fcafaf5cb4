"""A project folder and its bots: what ``robot.yaml`` says, a run of a bot, its schedules, a new bot to start from.

What a command doesn't use isn't loaded.
"""

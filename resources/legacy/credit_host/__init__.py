"""A customer credit desk on a mainframe, spoken to by TN3270, for the bots to work against.

Screens of 24 lines, a logon with a hidden password, menus, PF keys, records that another terminal holds, sessions that
time out. It does not prevent double changes: each confirmed change is one more row of the table ``changes``.
"""

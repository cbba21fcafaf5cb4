"""A legacy accounts-payable portal, as awkward as such portals are, for the bots to work against.

Frames, a pop-up window for entry, European number and date formats, a page that makes the user wait. It does
not prevent double posting: each accepted entry is one more row of the table ``postings``.
"""

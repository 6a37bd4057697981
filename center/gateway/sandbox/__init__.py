"""The city's gateway, played by a process of its own: for the demo and the tests, and for nothing else.

Codes are valid for a minute and once, a repeated key gets its first answer again, and it can be made slow, down or
wrong. Everybody whom it knows is invented.
"""

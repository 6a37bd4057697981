"""Codes that a resident shows: QR and bar codes under the document camera, and from a hand scanner on a serial line.

A hand scanner that types like a keyboard needs no driver: the kiosk's page takes its keys. What a code says is a secret
of the resident's: it goes to the center and nowhere else, it is in no log and in no `repr`, and nothing here keeps one.
"""

"""Recording (录音录像): what a room's packets become on the disk, without decoding one of them.

Packets are put in order (`order`), become frames (`frames`) at times that keep lips and voice together (`clock`), go
into segments of less than 10 s (`segments`, `matroska`) and are hashed, encrypted and written in a thread (`writer`).
All but the last and `recorder`, the shell, are pure.
"""

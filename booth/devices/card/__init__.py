"""Card readers: what each can do (`interface`), and a driver beside it for each kind.

- `sdt`: resident ID cards over a SAM_V module's serial line; its frames, text and line in `sdt_frames`, `sdt_text`,
  `sdt_line`
- `pcsc`: social security cards over PC/SC; the card's commands in `ssc`, the PC/SC calls in `winscard`
- `simulated`: the same without a device, with the cards of `bench_cards`
- `threaded` and `presence`: what the drivers share
"""

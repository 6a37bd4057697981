"""A process's memory image, searched from outside: every readable mapping of /proc/PID/mem."""

import re
from pathlib import Path

ENCODINGS = ("utf-8", "utf-16-le", "utf-32-le", "gb18030")
_PIECE_BYTES = 8 * 1024 * 1024
_OVERLAP_BYTES = 1024
_KERNELS_OWN = frozenset({"[vvar]", "[vsyscall]", "[vdso]"})


def forms_of(*texts: str) -> set[bytes]:
    """How the texts may stand in memory or on disk."""
    return {text.encode(encoding) for text in texts for encoding in ENCODINGS}


def found_in_memory(pid: int, wanted: set[bytes]) -> list[str]:
    """Where one of `wanted` stands: the mapping's name and address."""
    pattern = re.compile(b"|".join(map(re.escape, sorted(wanted))))
    found = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *rest = line.split(maxsplit=5)
            name = rest[3] if len(rest) > 3 else ""
            if "r" not in rights or name in _KERNELS_OWN:
                continue
            begin, end = (int(part, 16) for part in span.split("-"))
            for at in range(begin, end, _PIECE_BYTES):
                try:
                    memory.seek(at)
                    piece = memory.read(min(_PIECE_BYTES + _OVERLAP_BYTES, end - at))
                except OSError:  # unmapped since, or a device's
                    continue
                found += [f"{name or 'anonymous'} {at + one.start():x}" for one in pattern.finditer(piece)]
    return found


def found_on_disk(folder: Path, wanted: set[bytes]) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and any(form in path.read_bytes() for form in wanted)]

"""How soon a session is there again: after a cut of ten seconds, from another network, after a reload of the page.

Real programs and two real Chromiums; booth and kiosk's page on a host of their own whose cable is pulled. Needs root.
"""

import asyncio
import statistics
import sys
from collections import defaultdict
from typing import Any

from demo.stage import ROOT, Site, free_port
from demo.two_screens import two_screens
from rigs.certificate import write_certificate
from rigs.host import Host, lacking

ROUNDS = 8
CUT_S = 10.0
BETWEEN_S = 3.0
"""Until everything has its usual pace again."""


def measure(rounds: int = ROUNDS) -> dict[str, Any]:
    """Seconds."""
    if needs := lacking():
        return {"skipped": f"needs {needs}"}
    return asyncio.run(_measure(rounds))


async def _measure(rounds: int) -> dict[str, Any]:
    folder = ROOT / "var" / "bench" / "networks"
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    took_s: dict[str, list[float]] = defaultdict(list)
    faults: list[str] = []
    with Host() as host:
        certificate_file, key_file = write_certificate(folder, host.here)
        site = Site(free_port(), host.here, certificate_file, key_file)
        async with two_screens(host, site, folder, faults) as screens:
            await screens.meet()
            for number in range(rounds):
                await asyncio.sleep(BETWEEN_S)
                host.cut()
                noticed_s = await screens.notice()
                await asyncio.sleep(max(0.0, CUT_S - noticed_s))
                host.mend()
                took_s["cut_to_noticed"].append(noticed_s)
                took_s["return_to_pictures"].append(await screens.all_move())
                await asyncio.sleep(BETWEEN_S)
                took_s["other_network_to_pictures"].append(await screens.change_network())
                await asyncio.sleep(BETWEEN_S)
                took_s["reload_to_picture"].append(await screens.reload())
                said = ", ".join(f"{what} {values[-1]:.2f} s" for what, values in took_s.items())
                print(f"round {number + 1}: {said}", file=sys.stderr, flush=True)
    return {
        "rounds": rounds,
        "faults_in_pages": len(faults),
        **{
            what: {
                "median_s": round(statistics.median(values), 2),
                "max_s": round(max(values), 2),
                "each_s": [round(value, 2) for value in values],
            }
            for what, values in took_s.items()
        },
    }

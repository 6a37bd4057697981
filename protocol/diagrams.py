"""The state diagrams of the documentation, drawn from the tables: `python -m protocol.diagrams > docs/states.md`."""

from typing import Any

from protocol.states import MACHINES, Machine

HEADER = """\
# States

Drawn from the tables in `protocol/states.py` by `make states`; do not edit.
A pair of state and event that is not here is refused and changes nothing.
"""


def render() -> str:
    """One Mermaid diagram a machine, in the order in which an affair meets them."""
    return "\n".join([HEADER, *(_diagram(machine) for machine in MACHINES)])


def _diagram(machine: Machine[Any, Any]) -> str:
    lines = [f"## {machine.name.capitalize()}", "", "```mermaid", "stateDiagram-v2", f"    [*] --> {machine.initial}"]
    reached = [machine.initial]
    for state, events in machine.table.items():
        for event, after in events.items():
            lines.append(f"    {state} --> {after}: {event}")
            reached.append(after)
    lines += [f"    {state} --> [*]" for state in dict.fromkeys(reached) if machine.is_final(state)]
    return "\n".join([*lines, "```", ""])


if __name__ == "__main__":
    print(render(), end="")

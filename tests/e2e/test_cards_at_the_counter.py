"""Every card of the device bench, laid at a real booth, is seen by the clerk of a real center."""

import asyncio
from functools import partial
from pathlib import Path

import pytest

from booth.devices.card.bench_cards import BENCH_CARDS
from booth.devices.card.bench_photos import draw_photo
from demo.clerk import clerk_at
from demo.resident import resident_at
from demo.stage import BoothPlan, ClerkPlan, Site, free_port, raise_stage
from protocol.counter import CounterView
from protocol.devices import DeviceKind
from protocol.kiosk import ItemChosen, KioskView, Left, Touched
from protocol.states import VisitState

pytestmark = pytest.mark.timeout(240)
STEP_S = 30.0


def is_welcoming(view: KioskView) -> bool:
    return view.state is VisitState.WELCOME and view.link_up and bool(view.items)


def waits(affair_id: str, view: CounterView) -> bool:
    return any(row.affair_id == affair_id for row in view.waiting)


def is_served(affair_id: str, view: CounterView) -> bool:
    return view.affair is not None and view.affair.affair_id == affair_id


async def test_each_card_of_the_bench_is_seen_at_the_counter(tmp_path: Path) -> None:
    booth = BoothPlan("yanchang-01", "延长帮办亭", "Yanchang booth", "延长路甲1号", "1 Yanchang Road", free_port())
    plan = ClerkPlan("wang", "王窗口", "3")
    readable = [bench for bench in BENCH_CARDS if bench.card is not None]
    async with (
        raise_stage(tmp_path, Site(free_port()), [booth], [plan]) as stage,
        clerk_at(stage.site, plan) as clerk,
        resident_at(booth) as resident,
    ):
        for bench in readable:
            async with asyncio.timeout(STEP_S):
                await resident.until(is_welcoming)
                await resident.act(Touched())
                view = await resident.until(lambda view: view.state is VisitState.CHOOSE)
                await resident.act(ItemChosen(view.items[0].item_id))
                await resident.until(lambda view: view.state is VisitState.IDENTIFY)
                await resident.lay_card(bench.card_id)
                view = await resident.until(lambda view: view.state is VisitState.WAIT)
                assert view.visit is not None
                affair_id = view.visit.affair_id
                await clerk.until(partial(waits, affair_id))
                await clerk.take(affair_id)
                seen = await clerk.until(partial(is_served, affair_id))
                assert seen.affair is not None
                assert [identity.card for identity in seen.affair.identities] == [bench.card], bench
                for identity in seen.affair.identities:
                    assert identity.photo == (bench.kind is DeviceKind.ID_CARD_READER)
                    if identity.photo:
                        photo = await clerk.card_photo(affair_id, identity.source)
                        assert photo == draw_photo(bench.card_id).jpeg()
                await resident.lift_card()
                await resident.act(Left())
                await clerk.until(lambda view: view.affair is None or view.affair.ticket_state.value == "abandoned")

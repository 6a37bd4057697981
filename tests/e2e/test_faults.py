"""What goes wrong in practice, played with the real programs: each person is told, and the affair goes on by itself."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from demo.clerk import Clerk, clerk_at
from demo.resident import Resident, resident_at
from demo.stage import BoothPlan, ClerkPlan, Site, Stage, example_booth, free_port, raise_stage
from demo.story import Story
from protocol.counter import AffairView
from protocol.devices import DeviceKind, DeviceState
from protocol.errors import ErrorCode
from protocol.kiosk import Activity
from protocol.pages import PagePart
from protocol.states import CommandState, PageState, SessionState, TicketState, VisitState
from protocol.visit import CommandKind
from rigs.certificate import write_certificate
from rigs.host import Host
from tests.support.cable import Cable

pytestmark = pytest.mark.timeout(180)

BOOTH_ID = "yanchang-01"
CLERK = ClerkPlan("wang", "王窗口", "3")
CARD, DAMAGED_CARD = "id-lin", "id-damaged"
PAGE = "household_page"
CUT_S = 10.0


class Scene:
    """A booth and a counter in the middle of an affair."""

    def __init__(self, stage: Stage, resident: Resident, clerk: Clerk, story: Story) -> None:
        self.stage = stage
        self.resident = resident
        self.clerk = clerk
        self.story = story

    @property
    def booth(self) -> BoothPlan:
        return self.stage.booths[0]

    async def affair(self, seen: Callable[[AffairView], bool]) -> AffairView:
        async with asyncio.timeout(60):
            return await self.story.affair(seen)

    async def order(self, kind: CommandKind) -> str:
        return await self.clerk.order(self.story.affair_id, kind)

    async def command(self, command_id: str, state: CommandState, code: ErrorCode | None) -> None:
        """Wait until the clerk sees the command in this state, with this code."""
        await self.affair(
            lambda affair: any(
                (one.command_id, one.state, one.code) == (command_id, state, code) for one in affair.commands
            )
        )

    async def one_page_stored(self) -> None:
        """Exactly one page is there, and what the clerk gets is what the booth announced."""
        affair = await self.affair(lambda affair: bool(affair.pages) and affair.pages[0].state is PageState.STORED)
        assert len(affair.pages) == 1
        assert len(await self.clerk.page(affair.pages[0].page_id, PagePart.FULL)) == affair.pages[0].size_bytes


def simulated_booth() -> BoothPlan:
    return example_booth()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a stage that was set up and struck: each test goes on from a copy."""
    folder = tmp_path_factory.mktemp("enrolled") / "stage"
    async with raise_stage(folder, Site(free_port(), reads=False), [simulated_booth()], [CLERK]):
        return folder


@asynccontextmanager
async def playing(folder: Path, site: Site, booth: BoothPlan, enrolled: Path) -> AsyncIterator[Scene]:
    """An affair in which both see each other."""
    async with (
        raise_stage(folder, site, [booth], [CLERK], enrolled) as stage,
        clerk_at(site, CLERK) as clerk,
        resident_at(booth) as resident,
    ):
        story = Story(resident, clerk, CARD, [PAGE], lambda name, ms: None)
        await story.arrive()
        await story.meet()
        await resident.lift_card()
        yield Scene(stage, resident, clerk, story)


@pytest.fixture
async def scene(tmp_path: Path, enrolled: Path) -> AsyncIterator[Scene]:
    async with playing(tmp_path / "stage", Site(free_port(), reads=False), simulated_booth(), enrolled) as scene:
        yield scene


async def test_a_card_pulled_out_while_it_is_read_is_asked_for_again(scene: Scene) -> None:
    command_id = await scene.order(CommandKind.READ_ID_CARD)
    await scene.resident.until(lambda view: view.activity is Activity.LAY_ID_CARD)
    await scene.resident.lay_card(CARD)
    await scene.resident.until(lambda view: view.activity is Activity.READING_CARD)
    await scene.resident.lift_card()
    await scene.resident.until(lambda view: view.problem is ErrorCode.CARD_REMOVED)
    await scene.command(command_id, CommandState.ISSUED, ErrorCode.CARD_REMOVED)
    await scene.resident.lay_card(CARD)
    await scene.command(command_id, CommandState.DONE, None)


async def test_a_damaged_card_is_told_and_another_one_is_read(scene: Scene) -> None:
    command_id = await scene.order(CommandKind.READ_ID_CARD)
    await scene.resident.lay_card(DAMAGED_CARD)
    await scene.resident.until(lambda view: view.problem is ErrorCode.CARD_DAMAGED)
    await scene.command(command_id, CommandState.ISSUED, ErrorCode.CARD_DAMAGED)
    await scene.resident.lift_card()
    await scene.resident.lay_card(CARD)
    await scene.command(command_id, CommandState.DONE, None)


async def test_a_page_is_taken_once_the_unplugged_camera_is_back(scene: Scene) -> None:
    await scene.resident.lay_page(PAGE)
    await scene.resident.pull_camera()
    await scene.affair(
        lambda affair: any(
            device.kind is DeviceKind.DOCUMENT_CAMERA and device.state is not DeviceState.READY
            for device in affair.booth.devices
        )
    )
    command_id = await scene.order(CommandKind.TAKE_PAGE)
    await scene.command(command_id, CommandState.ISSUED, ErrorCode.CAMERA_ABSENT)
    await scene.resident.until(lambda view: view.problem is ErrorCode.CAMERA_ABSENT)
    await scene.resident.plug_camera()
    await scene.command(command_id, CommandState.DONE, None)
    await scene.one_page_stored()


async def test_an_affair_survives_the_death_of_the_center(scene: Scene) -> None:
    await scene.stage.center.kill()
    await scene.resident.until(lambda view: not view.link_up)
    await scene.stage.center.start()
    view = await scene.resident.until(lambda view: view.link_up)
    assert view.visit is not None and view.visit.affair_id == scene.story.affair_id
    affair = await scene.affair(lambda affair: affair.session_state is SessionState.LIVE)
    assert affair.ticket_state is TicketState.SERVING
    await finish_the_affair(scene)


async def test_a_page_that_was_on_its_way_when_the_center_died_arrives_once(tmp_path: Path, enrolled: Path) -> None:
    port = free_port()
    async with Cable(port) as cable:
        site = Site(port, booths_port=cable.port, reads=False)
        async with playing(tmp_path / "stage", site, simulated_booth(), enrolled) as scene:
            await scene.resident.lay_page(PAGE)
            cable.limit(150_000)
            command_id = await scene.order(CommandKind.TAKE_PAGE)
            await scene.command(command_id, CommandState.DONE, None)
            await scene.stage.center.kill()
            await scene.stage.center.start()
            cable.limit(None)
            await scene.one_page_stored()
            await scene.resident.lift_page()
            assert await scene.stage.verify()


async def test_a_booth_restarted_with_pages_in_its_outbox_delivers_them_once(tmp_path: Path, enrolled: Path) -> None:
    port = free_port()
    async with AsyncExitStack() as stack:
        cable = await stack.enter_async_context(Cable(port))
        site = Site(port, booths_port=cable.port, reads=False)
        booth = simulated_booth()
        stage = await stack.enter_async_context(raise_stage(tmp_path / "stage", site, [booth], [CLERK], enrolled))
        clerk = await stack.enter_async_context(clerk_at(site, CLERK))
        async with resident_at(booth) as resident:
            story = Story(resident, clerk, CARD, [PAGE], lambda name, ms: None)
            await story.arrive()
            await story.meet()
            await resident.lay_page(PAGE)
            cable.limit(20_000)
            scene = Scene(stage, resident, clerk, story)
            await scene.command(await scene.order(CommandKind.TAKE_PAGE), CommandState.DONE, None)
            await stage.booth[BOOTH_ID].kill()
        affair = await scene.affair(lambda affair: affair.session_state is SessionState.INTERRUPTED)
        assert affair.pages[0].state is not PageState.STORED, "the page was too quick for this test"
        cable.limit(None)
        await stage.booth[BOOTH_ID].start()
        await scene.one_page_stored()
        async with resident_at(booth) as resident:
            view = await resident.until(lambda view: view.state is VisitState.SERVE)
            assert view.visit is not None and view.visit.affair_id == story.affair_id
        await scene.affair(lambda affair: affair.session_state is SessionState.LIVE)


async def test_a_command_that_a_dying_booth_held_is_told_as_failed(scene: Scene) -> None:
    command_id = await scene.order(CommandKind.READ_ID_CARD)
    await scene.resident.until(lambda view: view.activity is Activity.LAY_ID_CARD)
    await scene.stage.booth[BOOTH_ID].kill()
    await scene.stage.booth[BOOTH_ID].start()
    await scene.command(command_id, CommandState.FAILED, ErrorCode.BOOTH_RESTARTED)


@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace of one's own needs root")
async def test_ten_seconds_without_a_network_interrupt_the_affair_and_lose_nothing(
    tmp_path: Path, enrolled: Path
) -> None:
    with Host() as host:
        certificate_file, key_file = write_certificate(tmp_path, host.here)
        site = Site(free_port(), host.here, certificate_file, key_file, reads=False)
        booth = replace(simulated_booth(), prefix=host.prefix, socket_factory=host.socket)
        async with playing(tmp_path / "stage", site, booth, enrolled) as scene:
            host.cut()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(asyncio.sleep(CUT_S), name="the cut lasts")  # its length is what is tested
                # The pictures are missed before the link is: both must be before an order is refused.
                await scene.affair(lambda affair: affair.session_state is SessionState.INTERRUPTED)
                await scene.affair(lambda affair: not affair.booth.online)
                await scene.resident.until(lambda view: not view.link_up)
                with pytest.raises(RuntimeError, match=ErrorCode.BOOTH_OFFLINE):
                    await scene.order(CommandKind.TAKE_PAGE)
            host.mend()
            affair = await scene.affair(lambda affair: affair.session_state is SessionState.LIVE)
            assert affair.ticket_state is TicketState.SERVING
            await scene.resident.until(lambda view: view.link_up)
            await finish_the_affair(scene)


async def finish_the_affair(scene: Scene) -> None:
    """The rest of the affair goes as if nothing had been."""
    await scene.story.take_page(1, PAGE)
    await scene.story.fill_in_and_sign()
    await scene.story.finish()
    await scene.story.rate()
    record = scene.story.record
    assert (record.outcome, record.pages_sent, record.pages_verified) == ("finished", 1, 1)
    assert await scene.stage.verify()

"""Log-ins of clerks and enrolments of booths."""

import pytest

from center.administration import CODE_LASTS_MS, issue_code
from center.desk_log_in import LASTS_MS, WINDOW_MS
from center.errors import DeskError
from protocol.fields import Wording
from tests.integration.center_store.center import KEY, PASSWORD, Center

NAME, ADDRESS = Wording("亭", "Booth"), Wording("路", "Road")


async def test_a_log_in_lasts_a_working_day(center: Center) -> None:
    token = await center.desk.log_in("wang", PASSWORD, "127.0.0.1")
    clerk = await center.desk.clerk_of(token)
    assert clerk is not None and (clerk.name, clerk.role, clerk.counter) == ("wang窗口", "clerk", "3")
    center.outside.now_ms += LASTS_MS - 1
    assert await center.desk.clerk_of(token) == clerk
    center.outside.now_ms += 1
    assert await center.desk.clerk_of(token) is None


async def test_a_log_out_ends_that_log_in_alone(center: Center) -> None:
    one, other = [await center.desk.log_in("wang", PASSWORD, "127.0.0.1") for _ in range(2)]
    await center.desk.log_out(one)
    await center.desk.log_out(one)
    assert await center.desk.clerk_of(one) is None
    assert await center.desk.clerk_of(other) is not None


async def test_five_failures_of_a_name_lock_it_for_five_minutes(center: Center) -> None:
    for n in range(5):
        with pytest.raises(DeskError, match="wrong_password"):
            await center.desk.log_in("wang", "a wrong password", f"127.0.0.{n}")
    with pytest.raises(DeskError, match="too_many_attempts"):
        await center.desk.log_in("wang", PASSWORD, "127.0.1.1")
    await center.desk.log_in("li", PASSWORD, "127.0.1.1")
    center.outside.now_ms += WINDOW_MS
    await center.desk.log_in("wang", PASSWORD, "127.0.1.1")


async def test_twenty_failures_of_an_address_lock_it_and_unknown_names_count(center: Center) -> None:
    for n in range(20):
        with pytest.raises(DeskError, match="wrong_password"):
            await center.desk.log_in(f"nobody{n}", PASSWORD, "127.0.0.1")
    with pytest.raises(DeskError, match="too_many_attempts"):
        await center.desk.log_in("wang", PASSWORD, "127.0.0.1")
    await center.desk.log_in("wang", PASSWORD, "127.0.0.2")


async def test_being_let_in_forgives_slips(center: Center) -> None:
    for _ in range(2):
        for _ in range(4):
            with pytest.raises(DeskError, match="wrong_password"):
                await center.desk.log_in("wang", "a slip of the keys", "127.0.0.1")
        await center.desk.log_in("wang", PASSWORD, "127.0.0.1")


async def test_a_code_enrols_its_booth_once(center: Center) -> None:
    code = await issue_code(center.store, "b-03", NAME, ADDRESS, center.outside.now_ms)
    assert await center.desk.booth_key("b-03") is None
    for wrong, booth_id in (("AAAAA-AAAAA", "b-03"), (code, "b-01")):
        with pytest.raises(DeskError, match="bad_code"):
            await center.desk.enrol(wrong, booth_id, KEY)
    await center.desk.enrol(code, "b-03", KEY)
    assert await center.desk.booth_key("b-03") == KEY
    with pytest.raises(DeskError, match="bad_code"):
        await center.desk.enrol(code, "b-03", KEY)


async def test_a_key_stays_until_the_new_code_is_used(center: Center) -> None:
    older = await issue_code(center.store, "b-01", NAME, ADDRESS, center.outside.now_ms)
    newer = await issue_code(center.store, "b-01", NAME, ADDRESS, center.outside.now_ms)
    assert await center.desk.booth_key("b-01") == KEY
    with pytest.raises(DeskError, match="bad_code"):
        await center.desk.enrol(older, "b-01", KEY[::-1])
    await center.desk.enrol(newer, "b-01", KEY[::-1])
    assert await center.desk.booth_key("b-01") == KEY[::-1]


async def test_a_code_is_old_after_a_day(center: Center) -> None:
    code = await issue_code(center.store, "b-03", NAME, ADDRESS, center.outside.now_ms)
    center.outside.now_ms += CODE_LASTS_MS
    with pytest.raises(DeskError, match="bad_code"):
        await center.desk.enrol(code, "b-03", KEY)
    assert await center.desk.booth_key("nobody") is None

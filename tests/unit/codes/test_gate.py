"""Which codes are told."""

from hypothesis import given
from hypothesis import strategies as st

from booth.devices.code.gate import CLEAR_LOOKS, Gate

ONE, OTHER = "CODE-ONE", "CODE-OTHER"


def test_a_code_that_lies_still_is_told_once() -> None:
    gate = Gate()
    assert [gate.look([ONE]) for _ in range(5)] == [ONE, None, None, None, None]


def test_a_refreshed_code_is_told_too_and_one_that_comes_back_is_told_again() -> None:
    gate = Gate()
    assert gate.look([ONE]) == ONE
    assert gate.look([OTHER]) == OTHER
    for _ in range(CLEAR_LOOKS):
        assert gate.look([]) is None
    assert gate.look([OTHER]) == OTHER


def test_a_hand_that_shakes_does_not_show_a_code_twice() -> None:
    gate = Gate()
    assert gate.look([ONE]) == ONE
    for _ in range(10):
        for _ in range(CLEAR_LOOKS - 1):
            assert gate.look([]) is None
        assert gate.look([ONE]) is None


def test_of_two_codes_none_is_told() -> None:
    gate = Gate()
    assert gate.look([ONE, OTHER]) is None
    assert gate.look([ONE]) == ONE


def test_a_phone_that_the_last_resident_left_never_speaks_for_the_next() -> None:
    gate = Gate()
    assert gate.look([ONE]) == ONE
    gate.wipe()
    assert [gate.look([each]) for each in (ONE, OTHER, ONE)] == [None, None, None]
    gate.wipe()
    assert gate.look([OTHER]) is None
    for _ in range(CLEAR_LOOKS):
        gate.look([])
    assert gate.look([OTHER]) == OTHER


def test_after_a_visit_without_a_code_the_next_ones_is_told_at_once() -> None:
    gate = Gate()
    gate.wipe()
    assert gate.look([ONE]) == ONE


looks = st.lists(st.none() | st.lists(st.sampled_from([ONE, OTHER]), max_size=2, unique=True), max_size=30)


@given(looks)
def test_what_is_told_was_seen_alone_and_by_this_visit(steps: list[list[str] | None]) -> None:
    """None stands for the end of a visit."""
    gate, told, clear, blocked = Gate(), False, 0, False
    for codes in steps:
        if codes is None:
            gate.wipe()
            blocked, told, clear = blocked or told, False, 0
            continue
        code = gate.look(codes)
        clear = 0 if codes else clear + 1
        if clear >= CLEAR_LOOKS:
            blocked = told = False
        if code is not None:
            assert codes == [code] and not blocked
            told = True


def test_the_gate_keeps_no_code() -> None:
    gate = Gate()
    gate.look([ONE])
    assert ONE not in repr(vars(gate)) and ONE not in repr(gate)

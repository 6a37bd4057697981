"""The comparison of faces at the booth: never without consent, and nothing but a score leaves it."""

from booth.core.events import CardLaid, CardWasRead, CompareFaces, FacesCompared, FacesNotCompared, StopComparing
from booth.core.faces import Faces
from protocol.devices import DeviceKind
from protocol.errors import ErrorCode
from protocol.kiosk import Activity, FaceAgreed, FaceDeclined, Left
from protocol.messages import CommandFailed, CommandIssued, CommandWithdrawn, FaceCompared, SeparateConsentSaid
from protocol.states import TicketState
from protocol.visit import CommandKind, ConsentPurpose
from tests.unit.booth.visits import ID_READER, Desk, card

PHOTO, FACE = b"\xff\xd8\xff photo", b"\xff\xd8\xff face"
WISH = CommandIssued("c-1", "affair-1", CommandKind.COMPARE_FACE, 30)
GIVEN = SeparateConsentSaid("affair-1", ConsentPurpose.FACE_LOCAL, given=True)


def asked(photo: bytes | None = PHOTO) -> Desk:
    """A visit in which a card was read and the clerk wishes for a comparison."""
    desk = Desk()
    desk.identify()
    desk.tell(CardLaid(ID_READER, 1), CardWasRead(ID_READER, 1, card(), 300, photo))
    desk.serve()
    desk.say(WISH)
    return desk


def test_the_resident_is_asked_and_only_their_consent_starts_it() -> None:
    desk = asked()
    assert desk.core.view().activity is Activity.ASK_FACE
    assert not [effect for effect in desk.effects if isinstance(effect, CompareFaces)]
    assert CompareFaces("c-1", PHOTO, FACE) in desk.act(FaceAgreed(FACE))
    assert desk.said(SeparateConsentSaid) == [GIVEN]
    assert desk.core.view().activity is Activity.COMPARING_FACE
    assert not desk.act(FaceAgreed(FACE)), "the second of two touches"
    desk.tell(FacesCompared("c-1", 57, True))
    assert desk.said(FaceCompared) == [FaceCompared("c-1", 57, True)]
    assert desk.core.view().activity is Activity.IDLE


def test_a_refusal_is_said_and_nothing_is_compared() -> None:
    desk = asked()
    desk.act(FaceDeclined())
    assert desk.said(SeparateConsentSaid) == [SeparateConsentSaid("affair-1", ConsentPurpose.FACE_LOCAL, given=False)]
    assert desk.said(CommandFailed) == [CommandFailed("c-1", ErrorCode.CONSENT_DECLINED)]
    assert not [effect for effect in desk.effects if isinstance(effect, CompareFaces)]
    assert desk.act(FaceAgreed(FACE)) == []


def test_without_a_photo_or_a_comparer_the_resident_is_not_even_asked() -> None:
    desk = asked(photo=None)
    assert desk.said(CommandFailed) == [CommandFailed("c-1", ErrorCode.PHOTO_ABSENT)]
    bare = Desk([kind for kind in DeviceKind if kind is not DeviceKind.FACE_COMPARER])
    bare.request()
    bare.serve()
    bare.say(WISH)
    assert bare.said(CommandFailed) == [CommandFailed("c-1", ErrorCode.COMPARER_ABSENT)]
    assert bare.core.view().activity is Activity.IDLE


def test_a_failure_ends_the_wish_and_a_second_wish_asks_again() -> None:
    desk = asked()
    desk.act(FaceAgreed(FACE))
    desk.tell(FacesNotCompared("c-1", ErrorCode.FACE_NOT_FOUND))
    assert desk.said(CommandFailed) == [CommandFailed("c-1", ErrorCode.FACE_NOT_FOUND)]
    desk.say(CommandIssued("c-2", "affair-1", CommandKind.COMPARE_FACE, 30))
    assert desk.core.view().activity is Activity.ASK_FACE


def test_who_does_not_answer_is_not_compared() -> None:
    desk = asked()
    desk.wait_ms(30_000)
    assert desk.said(CommandFailed) == [CommandFailed("c-1", ErrorCode.TIMED_OUT)]
    assert desk.act(FaceAgreed(FACE)) == []


def test_a_withdrawn_wish_stops_the_comparison_and_its_answer_counts_for_nothing() -> None:
    desk = asked()
    desk.act(FaceAgreed(FACE))
    assert StopComparing() in desk.say(CommandWithdrawn("c-1"))
    assert desk.tell(FacesCompared("c-1", 57, True)) == []


def test_one_at_a_time() -> None:
    desk = asked()
    desk.say(CommandIssued("c-2", "affair-1", CommandKind.COMPARE_FACE, 30))
    assert desk.said(CommandFailed) == [CommandFailed("c-2", ErrorCode.DEVICE_BUSY)]
    assert desk.core.view().activity is Activity.ASK_FACE


def test_the_photo_goes_with_the_visit() -> None:
    desk = asked()
    desk.act(FaceDeclined(), Left())
    desk.request(insertion=2)
    desk.visit(TicketState.SERVING, "affair-2")
    desk.say(CommandIssued("c-9", "affair-2", CommandKind.COMPARE_FACE, 30))
    assert desk.said(CommandFailed)[-1] == CommandFailed("c-9", ErrorCode.PHOTO_ABSENT)


def test_no_picture_is_in_a_repr() -> None:
    faces = Faces(fitted=True)
    faces.keep(PHOTO)
    assert "photo" not in repr(faces)
    assert "face'" not in repr(CompareFaces("c", PHOTO, FACE)) + repr(FaceAgreed(FACE))

"""The laws of :class:`omnibook.ports.Notifier`."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TypeAlias

from attrs import evolve, frozen

from omnibook.contacts import ContactSystem
from omnibook.errors import NotifierError
from omnibook.ids import NoticeId
from omnibook.ports import AsyncNotifier, Message, Notifier
from omnibook.records import NoticeKind
from omnibook.testing.bridge import Loop
from omnibook.testing.interleaving import Shaker
from omnibook.testing.laws import Promise, Seen, require, same
from omnibook.testing.laws_of_values import SCRIPTS

AnyNotifier: TypeAlias = Notifier | AsyncNotifier
MakeNotifier: TypeAlias = Callable[[bool], AnyNotifier]
"""Makes a notifier whose line works, or does not: then the other side refuses or is not there."""
HandedOver: TypeAlias = Callable[[AnyNotifier], Sequence[Message]]
"""What the other side has received from a notifier, in its order."""

_ADDRESSES = {ContactSystem.PHONE: "+15145550123", ContactSystem.EMAIL: "marie@example.org"}


def _messages(systems: Collection[ContactSystem]) -> list[Message]:
    """Every kind, in both languages, in every script."""
    made: list[Message] = []
    for number, text in enumerate(SCRIPTS):
        system = sorted(systems)[number % len(systems)]
        made.append(
            Message(
                message_id=NoticeId(f"notice-{number}"),
                kind=list(NoticeKind)[number % len(NoticeKind)],
                system=system,
                address=_ADDRESSES[system],
                language=("fr", "en")[number % 2],
                subject=" ".join(text.split()),
                body=text * 20,
            )
        )
    return made


@frozen
class _Line:
    """What the laws are about."""

    make: MakeNotifier
    messages: Sequence[Message]
    handed_over: HandedOver | None
    loop: Loop

    def send(self, notifier: AnyNotifier, message: Message) -> object:
        """Send, and await it if it has to be."""
        return self.loop.answer(lambda: notifier.send(message))

    def arrived(self, notifier: AnyNotifier) -> Sequence[Message] | None:
        """What the other side has received, if that can be told."""
        return None if self.handed_over is None else self.handed_over(notifier)

    def sends(self) -> None:
        """All of them."""
        notifier = self.make(True)
        for each in self.messages:
            same("the answer", self.send(notifier, each), None)
        arrived = self.arrived(notifier)
        if arrived is not None:
            same("what was handed over", tuple(arrived), tuple(self.messages))

    def refuses(self) -> None:
        """By a line that does not work."""
        notifier = self.make(False)
        for each in self.messages[:3]:
            _refused(partial(self.send, notifier, each), each)
        same("what was handed over by a line that does not work", self.arrived(notifier) or (), ())

    def again(self) -> None:
        """One twice, and the same text under another name."""
        notifier, first = self.make(True), self.messages[0]
        for each in (first, first, evolve(first, message_id=NoticeId("x"))):
            same("the answer", self.send(notifier, each), None)
        arrived = self.arrived(notifier)
        if arrived is not None:
            ids = {each.message_id for each in arrived}
            same("which arrived of two, one of them repeated", ids, {first.message_id, "x"})

    def together(self) -> None:
        """Three threads."""
        notifier = self.make(True)

        def some(caller: int) -> int:
            for number in range(10):
                name = NoticeId(f"notice-{caller}-{number}")
                self.send(notifier, evolve(self.messages[0], message_id=name))
            return caller

        Shaker([notifier], 0, chance=1 / 10).run([partial(some, caller) for caller in range(3)])
        arrived = self.arrived(notifier)
        if arrived is not None:
            same("how many of 30 arrived", len({each.message_id for each in arrived}), 30)


def check_notifier(
    make: MakeNotifier,
    *,
    systems: Collection[ContactSystem] = tuple(ContactSystem),
    handed_over: HandedOver | None = None,
) -> None:
    """Prove every law of :class:`omnibook.ports.Notifier`, or of its asynchronous twin.

    Args:
        make: makes a notifier whose line works (``True``), or does not (``False``).
        systems: the kinds of address that it serves.
        handed_over: what the other side has received; without it, only what the notifier itself
            shows is judged.

    Raises:
        BrokenPromise: the notifier breaks a law.
    """
    with Loop() as loop:
        line = _Line(make, _messages(systems), handed_over, loop)
        for promise, proof in (
            (
                Promise("notifier.sends", "a message is handed over as it is; nothing is answered"),
                line.sends,
            ),
            (
                Promise(
                    "notifier.refuses",
                    "a message that cannot be handed over raises NotifierError and nothing else, "
                    "whose text holds nothing personal",
                ),
                line.refuses,
            ),
            (
                Promise(
                    "notifier.again",
                    "the same message may come again, with the same message_id (R46); another one "
                    "with the same text is another one",
                ),
                line.again,
            ),
            (Promise("notifier.together", "several threads may send at once"), line.together),
        ):
            promise.keep(proof)


def _refused(send: Callable[[], object], message: Message) -> None:
    try:
        send()
    except NotifierError as error:
        for private in (message.address, message.subject, message.body):
            require(private not in str(error), "the error tells the address or the text")
    except Exception as error:
        raise Seen(f"it raised {error!r}, which is no NotifierError") from error
    else:
        raise Seen("it says that a message was handed over, and it was not")

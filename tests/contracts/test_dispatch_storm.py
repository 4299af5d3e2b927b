"""A thousand notices, two dispatchers that are killed while they deliver them, on each database."""

from pathlib import Path

from omnibook.adapters.sql import SqlStore
from omnibook.records import NoticeState
from support.dispatch_storm import START, clinic, deliver_and_die
from support.looking import trail


def test_every_notice_arrives_though_the_dispatchers_are_killed(
    database_url: str, tmp_path: Path
) -> None:
    """R39, R46: at least once, and twice only after a death between acceptance and record.

    A repeat has the same Message-ID, and each death between the two is one repeat.
    """
    SqlStore(database_url).close()

    found = deliver_and_die(database_url, appointments=50, notices_each=20, every=50, kills=20)

    assert found.leaked == []
    assert found.states == {NoticeState.SENT: 1000}
    assert len(found.taken) == 1000
    repeats = {name: times - 1 for name, times in found.taken.items() if times > 1}
    # Whatever went out twice was at hand when a dispatcher died.
    assert all(times <= found.at_hand[name] for name, times in repeats.items()), repeats
    assert found.after_taking >= 15
    assert found.after_taking <= sum(repeats.values()) <= found.deaths
    assert found.deaths == found.after_taking + 20
    with SqlStore(database_url) as store:
        sent = [each for each in trail(store, clinic().clinic_id) if each.code == "sent"]
    assert len(sent) == 1000
    assert min(each.at for each in sent) > START

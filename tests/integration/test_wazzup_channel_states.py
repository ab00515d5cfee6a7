"""What Wazzup says of channels, by polls and webhooks in any order: kept as told last, and followed by our own."""

from collections.abc import Sequence
from dataclasses import astuple
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select, update

from bot.billing import repository
from bot.billing.changed import Changed
from bot.billing.gateways.wazzup.account_view import ChannelView
from bot.billing.gateways.wazzup.channels import News, hear, paired, see
from bot.billing.holdings import Channel
from bot.ids import ChannelId, ClientId
from bot.storage.engine import Database
from bot.storage.tables import channel, wazzup_channel
from tests.integration.billing_world import NORD, NOW, Wanted, add_client, add_partner

MINUTE = timedelta(minutes=1)
ON, OFF = "active", "notEnoughMoney"
"""How we spell the two states that speak of money."""
GAMMA = Wanted("48210033", channels=3, ends=NOW.date())
OTHER = Wanted("48210041", channels=1, ends=NOW.date())


def view(which: str, name: str, state: str = "active", transport: str = "whatsapp") -> ChannelView:
    return ChannelView(which, transport, name, state)


def ours(which: str, name: str, transport: str = "whatsapp") -> Channel:
    return Channel(ChannelId(which), transport, name, ON, False, None, None, None)


def known(conn: Connection) -> dict[str, tuple[str, str, str, int]]:
    """Their rows: name, state, transport, and at which minute they were told."""
    rows = conn.execute(select(wazzup_channel).where(wazzup_channel.c.partner_id == NORD))
    return {row.id: (row.name, row.state, row.transport, (row.at - NOW) // MINUTE) for row in rows}


def states(conn: Connection, client_id: ClientId) -> list[str]:
    held = repository.holdings_of(conn, client_id)
    return [one.state for one in sorted(held.channels, key=lambda one: one.name)]


def names(wanted: Wanted) -> list[str]:
    return [f"{wanted.account_id}-{n}" for n in range(wanted.channels)]


def whats(changes: Sequence[Changed], client_id: ClientId) -> list[str]:
    assert all(astuple(one)[:2] == (NORD, client_id) for one in changes)
    return [one.what for one in changes]


def test_channels_are_paired_by_name_and_else_in_order_by_transport() -> None:
    mine = [ours("a", "1"), ours("b", "2"), ours("c", "3", "telegram"), ours("d", "4"), ours("e", "5", "instagram")]
    theirs = [
        view("k", "9", "first"),
        view("l", "2", "named"),
        view("m", "2", "other", "telegram"),
        view("n", "8", "second"),
        view("o", "7", "third"),
    ]
    assert [(one.id, state) for one, state in paired(mine, theirs)] == [
        ("a", "first"), ("b", "named"), ("c", "other"), ("d", "second"),
    ]  # fmt: skip
    assert paired(mine, []) == []


def test_a_poll_tells_every_channel_and_the_money_behind_it(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        gamma = add_client(conn, GAMMA)
        first, second, third = names(GAMMA)
        stopped = [view("c-1", first, "notenoughmoney"), view("c-2", second), view("c-3", third, "qridle")]
        assert whats(see(conn, NORD, gamma, stopped, NOW), gamma) == ["stopped"]
        assert states(conn, gamma) == [OFF, ON, ON]
        assert known(conn) == {
            "c-1": (first, "notenoughmoney", "whatsapp", 0),
            "c-2": (second, "active", "whatsapp", 0),
            "c-3": (third, "qridle", "whatsapp", 0),
        }
        assert see(conn, NORD, gamma, stopped, NOW + MINUTE) == []
        turned = [view("c-1", "renamed", transport="tgapi"), view("c-2", second, "notenoughmoney"), stopped[2]]
        assert whats(see(conn, NORD, gamma, turned, NOW + MINUTE), gamma) == ["stopped"]
        assert known(conn)["c-1"] == ("renamed", "active", "tgapi", 1)
        back = [view("c-1", first), view("c-2", second), stopped[2]]
        assert whats(see(conn, NORD, gamma, back, NOW + 2 * MINUTE), gamma) == ["resumed"]
        assert states(conn, gamma) == [ON, ON, ON]

    db.write_now(unit)


def test_only_states_of_money_move_channels_that_money_moves(db: Database) -> None:
    """A phone that is off is no matter of money; a channel that somebody removed here stays so."""

    def unit(conn: Connection) -> None:
        add_partner(conn)
        gamma = add_client(conn, GAMMA)
        first, second, third = names(GAMMA)
        conn.execute(update(channel).where(channel.c.name == second).values(state="disabled"))
        phones_off = [view("c-1", first, "phoneunavailable"), view("c-2", second, "notenoughmoney")]
        assert see(conn, NORD, gamma, phones_off, NOW) == []
        assert states(conn, gamma) == [ON, "disabled", ON]
        assert see(conn, NORD, gamma, [view("c-2", second), view("c-3", third)], NOW + MINUTE) == []
        assert states(conn, gamma) == [ON, "disabled", ON]

    db.write_now(unit)


def test_a_poll_forgets_what_its_account_has_no_more_and_nothing_newer_or_of_others(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        gamma, other = add_client(conn, GAMMA), add_client(conn, OTHER)
        see(conn, NORD, other, [view("o-1", "theirs")], NOW)
        see(conn, NORD, gamma, [view("c-1", "a"), view("c-2", "b"), view("c-3", "c")], NOW)
        hear(conn, [News("c-2", "qr", NOW + 2 * MINUTE)])
        see(conn, NORD, gamma, [view("c-3", "c")], NOW + MINUTE)
        assert known(conn) == {
            "o-1": ("theirs", "active", "whatsapp", 0),
            "c-2": ("b", "qr", "whatsapp", 2),
            "c-3": ("c", "active", "whatsapp", 1),
        }
        see(conn, NORD, gamma, [], NOW + 2 * MINUTE)
        assert set(known(conn)) == {"o-1"}

    db.write_now(unit)


def test_an_older_poll_and_another_clients_poll_change_nothing_of_a_channel(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        gamma, other = add_client(conn, GAMMA), add_client(conn, OTHER)
        first = names(GAMMA)[0]
        see(conn, NORD, gamma, [view("c-1", first, "notenoughmoney")], NOW + MINUTE)
        assert see(conn, NORD, gamma, [view("c-1", first), view("c-2", "new")], NOW) == []
        assert known(conn)["c-1"] == (first, "notenoughmoney", "whatsapp", 1)
        assert known(conn)["c-2"] == ("new", "active", "whatsapp", 0)
        assert see(conn, NORD, other, [view("c-1", "stolen")], NOW + 2 * MINUTE) == []
        assert known(conn)["c-1"] == (first, "notenoughmoney", "whatsapp", 1)
        assert (states(conn, gamma)[0], states(conn, other)) == (OFF, [ON])
        assert whats(see(conn, NORD, gamma, [view("c-1", first)], NOW + MINUTE), gamma) == ["resumed"]

    db.write_now(unit)


@pytest.mark.parametrize(
    ("news", "told"),
    [
        ([News("c-1", "NOT_ENOUGH_MONEY", NOW)], OFF),
        ([News("c-1", "notEnoughMoney", NOW - MINUTE)], ON),
        ([News("c-1", "active", NOW + MINUTE), News("c-1", "notEnoughMoney", NOW + 2 * MINUTE)], OFF),
        ([News("c-1", "notEnoughMoney", NOW + 2 * MINUTE), News("c-1", "active", NOW + MINUTE)], OFF),
        ([News("c-1", "active", NOW + MINUTE), News("c-1", "notEnoughMoney", NOW + MINUTE)], OFF),
        ([News("c-1", "x" * 99, NOW)], ON),
        ([News("nobodys", "notEnoughMoney", NOW)], ON),
        ([], ON),
    ],
)
def test_the_newest_news_of_a_channel_count_whatever_their_order(db: Database, news: list[News], told: str) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        gamma = add_client(conn, GAMMA)
        see(conn, NORD, gamma, [view("c-1", names(GAMMA)[0])], NOW)
        changes = hear(conn, news)
        assert states(conn, gamma) == [told, ON, ON]
        assert whats(changes, gamma) == ([] if told == ON else ["stopped"])
        row = known(conn)["c-1"]
        if told == OFF:
            assert row == (names(GAMMA)[0], "notenoughmoney", "whatsapp", (max(one.at for one in news) - NOW) // MINUTE)
        assert set(known(conn)) == {"c-1"}

    db.write_now(unit)


def test_old_news_of_one_channel_do_not_hide_news_of_another_client(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        gamma, other = add_client(conn, GAMMA), add_client(conn, OTHER)
        see(conn, NORD, gamma, [view("c-1", names(GAMMA)[0])], NOW)
        see(conn, NORD, other, [view("o-1", names(OTHER)[0])], NOW)
        stop = "notEnoughMoney"
        changes = hear(conn, [News("c-1", stop, NOW - MINUTE), News("o-1", stop, NOW + MINUTE)])
        assert whats(changes, other) == ["stopped"]
        assert (states(conn, gamma)[0], states(conn, other)) == (ON, [OFF])
        changes = hear(conn, [News("o-1", "active", NOW + 2 * MINUTE), News("c-1", stop, NOW + MINUTE)])
        assert sorted((one.client_id, one.what) for one in changes if one.client_id) == sorted(
            [(gamma, "stopped"), (other, "resumed")]
        )
        assert (states(conn, gamma)[0], states(conn, other)) == (OFF, [ON])

    db.write_now(unit)


def test_channels_without_a_name_of_ours_are_followed_in_the_order_of_their_ids(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        gamma = add_client(conn, GAMMA)
        see(conn, NORD, gamma, [view("z", "z"), view("b", "b"), view("a", "a", "notenoughmoney")], NOW)
        assert states(conn, gamma).count(OFF) == 1
        held = repository.holdings_of(conn, gamma)
        assert held.channels[0].state == OFF

    db.write_now(unit)

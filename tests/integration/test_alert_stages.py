"""Stages of `alerts.toml` that change hold for clients that are known already."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, select

from bot.alerts import service as alerts
from bot.alerts.alert import Kind
from bot.alerts.policy import Levels
from bot.alerts.restaging import of_nobody, refuse_ambiguous
from bot.alerts.surroundings import Surroundings
from bot.directory import service as directory
from bot.directory.people import ClientData
from bot.errors import ConfigError
from bot.ids import ClientId, PartnerId
from bot.storage.engine import Database
from bot.storage.tables import alert, alert_due
from tests.integration.alert_world import ALFA, ENV, NOW, Wanted, add_client, add_curator, add_partner

DAY = timedelta(days=1)
FAR = Wanted("48210041", "Delta", ends=date(2026, 12, 16), plan="Inbox", months=12, channels=5)
"""Twenty days away."""


def with_stages(*days: int) -> Surroundings:
    return replace(ENV, policy=replace(ENV.policy, of_client={FAR.account_id: Levels({Kind.ENDING: days})}))


def world(conn: Connection) -> ClientId:
    add_partner(conn)
    add_curator(conn)
    return add_client(conn, FAR)


def stages(conn: Connection, client_id: ClientId) -> list[int]:
    query = select(alert_due.c.stage).where(alert_due.c.client_id == client_id, alert_due.c.kind == "ending")
    return sorted(conn.execute(query).scalars(), reverse=True)


async def test_a_stage_that_is_added_later_is_told_without_waiting_for_the_clients_facts_to_change(
    db: Database,
) -> None:
    def play(conn: Connection) -> list[tuple[str, int]]:
        world(conn)
        alerts.scan(conn, now=NOW, env=ENV)
        alerts.scan(conn, now=NOW, env=with_stages(21, 5))
        return [(one.kind, one.stage) for one in conn.execute(select(alert.c.kind, alert.c.stage))]

    assert await db.write(play) == [("ending", 21)]


async def test_a_change_between_import_and_the_first_scan_counts_too(db: Database) -> None:
    def play(conn: Connection) -> list[int]:
        client_id = world(conn)
        alerts.scan(conn, now=NOW, env=with_stages(12, 5))
        return stages(conn, client_id)

    assert await db.write(play) == [12, 5]


async def test_what_was_said_is_not_said_again_by_other_stages_and_one_that_is_gone_is_settled(db: Database) -> None:
    def play(conn: Connection) -> tuple[list[int], set[str]]:
        client_id = world(conn)
        alerts.scan(conn, now=NOW, env=with_stages(21, 5))
        alerts.scan(conn, now=NOW + DAY, env=with_stages(30, 5))
        found = conn.execute(select(alert.c.resolution)).scalars()
        return stages(conn, client_id), {str(one) for one in found}

    assert await db.write(play) == ([5], {"stages"})


async def test_many_clients_are_made_anew_piece_by_piece_and_only_once(db: Database) -> None:
    def play(conn: Connection) -> list[bool]:
        world(conn)
        add_client(conn, ALFA)
        add_client(conn, replace(ALFA, account_id="48210058", company="Epsilon"))
        changed = with_stages(12)
        return [alerts.scan(conn, now=NOW, env=changed, limit=1).more for _ in range(8)]

    asked = await db.write(play)
    assert asked[:3] == [True, True, True]
    assert not asked[-1]


async def test_the_same_stages_leave_the_ladders_alone(db: Database) -> None:
    def play(conn: Connection) -> list[int]:
        client_id = world(conn)
        alerts.scan(conn, now=NOW, env=with_stages(12, 5))
        conn.execute(alert_due.delete())
        alerts.scan(conn, now=NOW + DAY, env=with_stages(12, 5))
        return stages(conn, client_id)

    assert await db.write(play) == []


async def test_stages_of_nobody_are_named(db: Database) -> None:
    def play(conn: Connection) -> list[str]:
        world(conn)
        policy = replace(
            ENV.policy,
            of_client={FAR.account_id: Levels(), "99999999": Levels()},
            of_partner={"riga": Levels(), "rgia": Levels()},
        )
        whose = {("riga", FAR.account_id): Levels(), ("nord", FAR.account_id): Levels()}
        return of_nobody(conn, replace(policy, of_partners_client=whose))

    assert await db.write(play) == ["partner.rgia", "client.99999999", f"partner.nord.client.{FAR.account_id}"]


async def test_an_account_id_of_two_partners_is_refused_until_it_is_said_whose(db: Database) -> None:
    def play(conn: Connection) -> None:
        world(conn)
        alone = replace(ENV.policy, of_client={FAR.account_id: Levels()})
        refuse_ambiguous(conn, alone)
        nord = directory.create_partner(conn, "Nord", now=NOW, partner_id=PartnerId("nord")).id
        data = ClientData(FAR.account_id, "Of Nord", "EUR", "en", "Europe/Riga")
        directory.add_client(conn, nord, data, NOW)
        with pytest.raises(ConfigError) as refused:
            refuse_ambiguous(conn, alone)
        assert refused.value.problems == [
            f"client.{FAR.account_id}: nord and riga each have a client {FAR.account_id}, say whose: "
            f"[partner.nord.client.{FAR.account_id}.stages]"
        ]
        refuse_ambiguous(conn, replace(ENV.policy, of_partners_client={("nord", FAR.account_id): Levels()}))

    await db.write(play)


async def test_the_stages_of_one_partners_client_hold_for_that_client(db: Database) -> None:
    def play(conn: Connection) -> list[int]:
        client_id = world(conn)
        own = Levels(stages={Kind.ENDING: (9, 4)})
        env = replace(ENV, policy=replace(ENV.policy, of_partners_client={("riga", FAR.account_id): own}))
        alerts.scan(conn, now=NOW, env=env)
        return stages(conn, client_id)

    assert await db.write(play) == [9, 4]

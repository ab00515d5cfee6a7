"""The client's page mutes and unmutes, says when nobody is left, explains every rule, and obeys no other site."""

from datetime import timedelta

from sqlalchemy import Connection

from bot.clock import ManualClock
from bot.directory import service as directory
from bot.ids import ClientId, CuratorId
from bot.storage.audit import records
from bot.storage.engine import Database
from tests.integration.alert_world import ENV, NOW, RIGA, add_client, add_curator, add_partner, messages, scan
from tests.integration.web_door import Client, open_door


def _world(conn: Connection) -> tuple[ClientId, CuratorId, CuratorId]:
    add_partner(conn)
    anna, olga = add_curator(conn), add_curator(conn, "Olga", role="owner")
    directory.set_finances(conn, olga, False)
    client = add_client(conn)
    scan(conn)
    return client, anna, olga


async def _post(client: Client, path: str, curator: str, **headers: str) -> tuple[int, str]:
    own = {"Origin": f"http://{client.host}:{client.port}"} | headers
    answer = await client.post(path, data={"curator": curator}, headers=own, allow_redirects=False)
    return answer.status, answer.headers.get("Location", "")


async def test_muting_the_last_one_is_said_and_the_owner_gets_the_client(db: Database, clock: ManualClock) -> None:
    alfa, anna, olga = await db.write(_world)
    async with open_door(db, clock, around=ENV) as client:
        status, back = await _post(client, f"/clients/{alfa}/mute", anna)
        assert (status, back) == (303, "/clients/48210017?partner=riga&left=heirs")
        html = await (await client.get(back)).text()
        assert "Nobody else was told: the owner gets this client from now on." in html
        assert f'action="/clients/{alfa}/unmute"' in html
        status, back = await _post(client, f"/clients/{alfa}/mute", olga)
        assert back.endswith("left=nobody")
        status, back = await _post(client, f"/clients/{alfa}/unmute", anna)
        assert (status, back) == (303, "/clients/48210017?partner=riga")
    assert [one.template for one in await db.read(messages, olga)] == ["care/inherited"]
    assert [one.action for one in await db.read(records, RIGA)] == ["client.unmuted", "client.muted", "client.muted"]
    assert (await db.read(directory.mutes, [alfa]))[alfa] == {olga}


async def test_one_is_made_responsible_and_everybody_again(db: Database, clock: ManualClock) -> None:
    alfa, anna, olga = await db.write(_world)
    async with open_door(db, clock, around=ENV) as client:
        status, back = await _post(client, f"/clients/{alfa}/assign", anna)
        assert (status, back) == (303, "/clients/48210017?partner=riga")
        html = await (await client.get(back)).text()
        assert html.count("To everybody") == 1
        found = await (await client.get("/api/clients/48210017")).json()
        assert [one["responsible"] for one in found["told"] if one["id"] == anna] == [True]
        assert (await _post(client, f"/clients/{alfa}/assign", "nobody at all"))[0] == 404
        assert (await _post(client, f"/clients/{alfa}/assign", ""))[0] == 303
        for headers in ({"Origin": "https://elsewhere.example"}, {"Origin": ""}):
            assert (await _post(client, f"/clients/{alfa}/assign", olga, **headers))[0] == 403
    assert (await db.read(directory.get_client, alfa)).assigned_to is None
    assert [one.template for one in await db.read(messages, anna)][-1] == "care/assigned_to_you"
    assert [one.action for one in await db.read(records, RIGA)] == ["client.assigned"] * 2


async def test_another_site_mutes_nobody(db: Database, clock: ManualClock) -> None:
    alfa, anna, _ = await db.write(_world)
    async with open_door(db, clock, around=ENV) as client:
        for headers in ({"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Origin": ""}):
            assert (await _post(client, f"/clients/{alfa}/mute", anna, **headers))[0] == 403
        for path, who in ((f"/clients/{alfa}/mute", "nobody"), ("/clients/none/mute", anna)):
            assert (await _post(client, path, who))[0] == 404
    assert await db.read(directory.mutes, [alfa]) == {}


async def test_the_page_explains_every_rule(db: Database, clock: ManualClock) -> None:
    alfa, anna, _ = await db.write(_world)
    clock.advance(minutes=1)
    async with open_door(db, clock, around=ENV) as client:
        found = await (await client.get(f"/api/clients/{alfa}")).json()
        ending = next(one for one in found["why"] if (one["curator_id"], one["kind"]) == (anna, "ending"))
        assert (ending["verdict"], ending["stage"], ending["next_stage"]) == ("sent", 7, 3)
        russian = await client.get("/clients/48210017", headers={"Accept-Language": "ru"})
        html = await russian.text()
        assert "Почему и что дальше" in html
        assert "отправлено" in html
    assert clock.now() == NOW + timedelta(minutes=1)

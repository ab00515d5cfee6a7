"""The console's page of Wazzup: tasks that wait, the state of the source; a partner sees its own alone."""

from datetime import timedelta

from sqlalchemy import Connection

from bot.billing.gateways.wazzup import polls
from bot.clock import ManualClock
from bot.directory import service as directory
from bot.ids import PartnerId
from bot.storage.engine import Database
from tests.integration.alert_world import NOW, RIGA
from tests.integration.chat_world import phone_of
from tests.integration.wazzup_world import world
from tests.integration.web_door import open_door


def story(conn: Connection) -> None:
    """A task that Anna has done, and a login that is refused."""
    world(conn)
    directory.create_partner(conn, "Other", now=NOW, partner_id=PartnerId("other"))
    anna = phone_of(conn, directory.list_curators(conn, RIGA)[0].id)
    [todo] = anna.tap(anna.ask("renew gamma"), "Confirm")
    anna.tap(todo, "Done")
    known = polls.begun(polls.Poll(RIGA), NOW)
    known = polls.went_on(known, "48210033", 1, {"48210034": "wazzup: HTTP 500 <b>"}, NOW)
    polls.store(conn, polls.refused(known, "wazzup: login or password are refused", NOW + timedelta(minutes=1)))


async def test_the_page_shows_tasks_and_the_source(db: Database) -> None:
    await db.write(story)
    async with open_door(db, ManualClock(NOW + timedelta(hours=1))) as web:
        english = await (await web.get(f"/wazzup?partner={RIGA}", headers={"Accept-Language": "en"})).text()
        for words in (
            "Wazzup refuses the login", "W-1", "Gamma Travel", "done, not confirmed", "26 Nov 09:00", "1 account read",
            "Wazzup had an error (HTTP 500 &lt;b&gt;)", "curatorbot wazzup poll",
        ):  # fmt: skip
            assert words in english, words
        russian = await (await web.get(f"/wazzup?partner={RIGA}", headers={"Accept-Language": "ru"})).text()
        for words in (
            "Wazzup не принимает вход",
            "сделано, не подтверждено",
            "прочитан 1 аккаунт",
            "Задачи в кабинете",
        ):
            assert words in russian, words
        found = await (await web.get(f"/api/wazzup?partner={RIGA}")).json()
        assert [(one["number"], one["state"], one["account_id"]) for one in found["tasks"]] == [
            ("W-1", "done", "48210033")
        ]
        assert found["source"]["problems"] == {"48210034": "wazzup: HTTP 500 <b>"}
        other = await (await web.get("/wazzup?partner=other", headers={"Accept-Language": "en"})).text()
        assert "Gamma" not in other
        assert "Nothing to do" in other
        assert ">Wazzup</a>" not in other
        assert ">Wazzup</a>" in english

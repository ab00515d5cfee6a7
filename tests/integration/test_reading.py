"""Reads that go straight to the driver: the same rows and values on both databases, for lists of any length."""

from datetime import UTC, datetime, timedelta, timezone

from sqlalchemy import Connection, bindparam, func, select

from bot.billing.prepared import Prepared
from bot.storage.engine import Database
from bot.storage.queries import insert_if_absent
from bot.storage.reading import Reading
from bot.storage.tables import alert
from tests.integration.alert_world import NOW, RIGA, add_partner

_BY_ID = Reading(
    select(alert.c.id, alert.c.facts, alert.c.raised_at, alert.c.resolved_at, alert.c.stage)
    .where(
        alert.c.id.in_(bindparam("ids", expanding=True)),
        alert.c.kind.in_(["brake", "stale"]),
        alert.c.raised_at <= bindparam("now"),
    )
    .order_by(alert.c.id)
    .limit(bindparam("most"))
)
_OTHERS = Reading(
    select(alert.c.id, alert.c.facts, alert.c.raised_at)
    .where(alert.c.id.not_in(bindparam("ids", expanding=True)), alert.c.raised_at <= bindparam("now"))
    .order_by(alert.c.id)
)
_COUNT = Reading(select(alert.c.kind, func.count().label("many")).group_by(alert.c.kind))


def _world(conn: Connection) -> None:
    add_partner(conn)
    rows = [
        {
            "id": str(n),
            "partner_id": RIGA,
            "key": f"key {n}",
            "kind": "brake" if n < 3 else "stale" if n < 5 else "other",
            "stage": n,
            "cycle": "",
            "state": "open",
            "facts": {"n": n, "who": "Jānis"},
            "raised_at": NOW,
            "resolved_at": None,
        }
        for n in range(6)
    ]
    assert [row.id for row in insert_if_absent(conn, alert, rows)] == ["0", "1", "2", "3", "4", "5"]
    assert insert_if_absent(conn, alert, rows[:2]) == []


async def test_rows_have_the_same_values_on_both_databases(db: Database) -> None:
    def story(conn: Connection) -> None:
        _world(conn)
        (row,) = _BY_ID.rows(conn, ids=["3"], now=NOW, most=9)
        assert (row.id, row.facts, row.raised_at, row.resolved_at, row.stage) == (
            ("3", {"n": 3, "who": "Jānis"}, NOW, None, 3)
        )
        assert {row.kind: row.many for row in _COUNT.rows(conn)} == {"brake": 3, "stale": 2, "other": 1}

    await db.write(story)


async def test_lists_of_any_length_and_none_at_all(db: Database) -> None:
    def story(conn: Connection) -> None:
        _world(conn)
        for ids in ([], ["1"], ["1", "4"], ["0", "1", "2", "3", "4", "5"], ["1", "4"]):
            found = [row.id for row in _BY_ID.rows(conn, ids=ids, now=NOW, most=9)]
            assert found == [one for one in ids if one != "5"]
        assert [row.id for row in _BY_ID.rows(conn, ids=["0", "1", "2"], now=NOW, most=2)] == ["0", "1"]
        assert _BY_ID.one(conn, ids=["0"], now=datetime(2020, 1, 1, tzinfo=UTC), most=1) is None

    await db.write(story)


async def test_reads_what_the_layer_reads_for_long_lists_quotes_microseconds_and_other_offsets(db: Database) -> None:
    moment = datetime(2026, 11, 26, 12, 30, 0, 1, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    odd = ["", "O'Brien", 'a"b', "Jānis 🙂", "%s ?", ":ids", "(?, ?)", "NULL"]

    def story(conn: Connection) -> None:
        _world(conn)
        columns = {"partner_id": RIGA, "kind": "odd", "stage": 0, "cycle": "", "state": "open", "raised_at": moment}
        rows = [{"id": one, "key": f"odd {n}", "facts": {"q": one}, **columns} for n, one in enumerate(odd)]
        assert len(insert_if_absent(conn, alert, rows)) == len(odd)
        assert len(_OTHERS.rows(conn, ids=[], now=moment)) == len(odd)
        assert _OTHERS.rows(conn, ids=[], now=moment - timedelta(microseconds=1)) == []
        for ids in ([], ["1"], odd, [*odd, "1", *map(str, range(10, 1000))], [*odd[:3], *map(str, range(5, 5002))]):
            for now in (moment, NOW):
                query = select(alert.c.id, alert.c.facts, alert.c.raised_at).order_by(alert.c.id)
                query = query.where(alert.c.id.not_in(ids), alert.c.raised_at <= now)
                wanted = [tuple(row) for row in conn.execute(query)]
                assert [tuple(row) for row in _OTHERS.rows(conn, ids=ids, now=now)] == wanted

    await db.write(story)


async def test_several_of_them_in_one_read_see_one_moment(db: Database) -> None:
    def look(conn: Connection) -> list[int]:
        before = len(_COUNT.rows(conn))
        db.write_now(_world)
        return [before, len(_COUNT.rows(conn))]

    if db.dialect == "sqlite":
        assert db.read_now(look) == [0, 0]
        assert await db.read(lambda conn: len(_COUNT.rows(conn))) == 3


async def test_a_prepared_statement_and_what_follows_it_see_one_moment(db: Database) -> None:
    prepared = Prepared(select(alert.c.id).where(alert.c.partner_id == bindparam("of_partner")))

    def look(conn: Connection) -> list[int]:
        before = len(prepared.rows(conn, {"of_partner": RIGA}))
        db.write_now(_world)
        return [before, len(conn.execute(select(alert.c.id)).all())]

    if db.dialect == "sqlite":
        assert db.read_now(look) == [0, 0]

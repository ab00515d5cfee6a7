"""Routing: tags and currencies, absence and stand-ins, assignment, and owners when nobody else is left."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.directory.people import Curator, Role, Suppression
from bot.directory.routing import Recipients, choose_recipients
from bot.ids import ClientId, CuratorId
from tests.unit.test_directory_people import ANNA, CLIENT, NOW

MARTA = replace(ANNA, id=CuratorId("marta"), name="Marta")
BOSS = replace(ANNA, id=CuratorId("boss"), name="Boss", role=Role.OWNER)
LATER = NOW + timedelta(days=1)


def _told(*people: Curator, assigned: Curator | None = None, muted: tuple[Curator, ...] = ()) -> Recipients:
    client = replace(CLIENT, assigned_to=assigned.id if assigned else None)
    return choose_recipients(client, people, frozenset(one.id for one in muted), NOW)


def test_tags_and_currencies_narrow_what_one_hears_of() -> None:
    for fitting in (replace(ANNA, only_tags=("vip", "x")), replace(ANNA, only_currencies=("EUR",))):
        assert _told(fitting).curators == (ANNA.id,)
    for other in (
        replace(ANNA, only_tags=("x",)),
        replace(ANNA, only_currencies=("RUB",)),
        replace(ANNA, only_tags=("vip",), only_currencies=("USD",)),
    ):
        assert _told(other, MARTA).suppressed == {ANNA.id: Suppression.NOT_ROUTED}


def test_who_is_away_is_stood_in_for() -> None:
    away = replace(ANNA, away_until=LATER, stand_in=MARTA.id)
    elsewhere = replace(MARTA, only_tags=("x",))
    assert _told(away, elsewhere) == Recipients((MARTA.id,), {ANNA.id: Suppression.AWAY})
    back = replace(ANNA, away_until=NOW, stand_in=MARTA.id)
    assert _told(back, elsewhere) == Recipients((ANNA.id,), {MARTA.id: Suppression.NOT_ROUTED})


def test_an_assigned_client_is_left_to_the_one_responsible() -> None:
    told = _told(ANNA, MARTA, BOSS, assigned=MARTA)
    assert told.curators == (MARTA.id,)
    assert set(told.suppressed.values()) == {Suppression.ASSIGNED}
    assert set(told.informed) == {ANNA.id, MARTA.id, BOSS.id}


def test_assigning_to_somebody_who_hears_nothing_changes_nothing() -> None:
    for silent in (replace(MARTA, stopped_at=NOW), replace(MARTA, removed_at=NOW), replace(MARTA, consent_at=None)):
        assert _told(ANNA, silent, assigned=silent).curators == (ANNA.id,)
    assert _told(ANNA, MARTA, assigned=MARTA, muted=(MARTA,)).curators == (ANNA.id,)


def test_an_assigned_client_goes_to_the_stand_in_while_the_one_responsible_is_away() -> None:
    away = replace(MARTA, away_until=LATER, stand_in=ANNA.id)
    assert _told(ANNA, away, BOSS, assigned=away).curators == (ANNA.id,)


def test_when_the_last_one_leaves_the_owner_gets_the_client() -> None:
    owner = replace(BOSS, only_tags=("x",))
    assert _told(ANNA, owner).curators == (ANNA.id,)
    assert _told(ANNA, owner, muted=(ANNA,)).curators == (BOSS.id,)
    assert _told(replace(ANNA, stopped_at=NOW), replace(BOSS, finances=False)).curators == (BOSS.id,)


def test_an_owner_who_said_no_himself_is_not_called() -> None:
    for owner, muted in ((replace(BOSS, stopped_at=NOW), ()), (replace(BOSS, consent_at=None), ()), (BOSS, (BOSS,))):
        assert _told(owner, muted=muted).curators == ()


def test_a_clients_own_curator_does_not_keep_the_owner_from_being_called() -> None:
    own = replace(MARTA, client_id=CLIENT.id)
    assert set(_told(own, replace(BOSS, only_currencies=("RUB",))).curators) == {MARTA.id, BOSS.id}


people = st.lists(
    st.builds(
        lambda n, **change: replace(ANNA, id=CuratorId(f"c{n}"), **change),
        st.integers(0, 5),
        finances=st.booleans(),
        consent_at=st.sampled_from([None, NOW]),
        stopped_at=st.sampled_from([None, NOW]),
        removed_at=st.sampled_from([None, NOW]),
        role=st.sampled_from(Role),
        client_id=st.sampled_from([None, None, CLIENT.id, ClientId("other")]),
        away_until=st.sampled_from([None, LATER, datetime(2020, 1, 1, tzinfo=UTC)]),
        stand_in=st.sampled_from([None, *(CuratorId(f"c{n}") for n in range(6))]),
        only_tags=st.sampled_from([(), ("vip",), ("x",)]),
    ),
    unique_by=lambda one: one.id,
    max_size=6,
)


@given(people, st.sets(st.sampled_from([CuratorId(f"c{n}") for n in range(6)])), st.integers(0, 6))
def test_everybody_has_one_outcome_and_no_no_is_overridden(
    everybody: list[Curator], muted: set[CuratorId], assigned: int
) -> None:
    client = replace(CLIENT, assigned_to=CuratorId(f"c{assigned}"))
    told = choose_recipients(client, everybody, frozenset(muted), NOW)
    here = {one.id for one in everybody if one.removed_at is None and one.follows(CLIENT.id)}
    assert set(told.curators) | set(told.suppressed) == here
    assert not set(told.curators) & set(told.suppressed)
    for one in everybody:
        if one.id in told.curators:
            assert one.consent_at is not None
            assert one.stopped_at is None
            assert one.id not in muted
            assert one.finances or one.role is Role.OWNER

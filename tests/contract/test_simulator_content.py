"""The Content API of the simulator: shapes of Twilio's own description, repeats, approvals."""

from typing import Any

from tests.contract.simulator_world import ANNA, check_schema, quick_reply, simulated

API = "twilio_content_v1.json"
ALERT = "Finances: *{{1}}* ends in {{2}} days, ask the client first"
SAMPLES = {"1": "Alfa", "2": "7"}
BODY: dict[str, Any] = {
    "friendly_name": "alert", "language": "en", "variables": SAMPLES, "types": quick_reply(ALERT, "Renew", "Later"),
}  # fmt: skip


async def test_a_content_is_made_once_however_often_it_is_posted() -> None:
    async with simulated() as world:
        status, first = await world.call("POST", "/v1/Content", json=BODY)
        assert status == 201
        check_schema(first, API, "content.v1.content")
        status, second = await world.call("POST", "/v1/Content", json=BODY)
        assert (status, second["sid"]) == (201, first["sid"])
        _, other = await world.call("POST", "/v1/Content", json=BODY | {"language": "ru"})
        assert other["sid"] != first["sid"]
        status, fetched = await world.call("GET", f"/v1/Content/{first['sid']}")
        assert (status, fetched) == (200, first)


async def test_contents_are_listed_in_pages_and_deleted() -> None:
    async with simulated() as world:
        sids = [await world.content({"twilio/text": {"body": f"text {n}"}}) for n in range(3)]
        _, first = await world.call("GET", "/v1/Content?PageSize=2")
        assert [content["sid"] for content in first["contents"]] == sids[:0:-1]
        _, second = await world.call("GET", first["meta"]["next_page_url"][len(world.simulator.url) :])
        assert [content["sid"] for content in second["contents"]] == sids[:1]
        assert (second["meta"]["next_page_url"], second["meta"]["key"]) == (None, "contents")
        assert (await world.call("DELETE", f"/v1/Content/{sids[0]}"))[0] == 204
        status, body = await world.call("GET", f"/v1/Content/{sids[0]}")
        assert (status, body["code"]) == (404, 20404)
        assert (await world.call("DELETE", f"/v1/Content/{sids[0]}"))[0] == 404


async def test_a_template_is_approved_at_once_by_default() -> None:
    async with simulated() as world:
        sid = await world.content(BODY["types"], variables=SAMPLES)
        _, before = await world.call("GET", f"/v1/Content/{sid}/ApprovalRequests")
        check_schema(before, API, "content.v1.content.approval_fetch")
        assert before["whatsapp"]["status"] == "unsubmitted"
        path = f"/v1/Content/{sid}/ApprovalRequests/whatsapp"
        for _ in range(2):
            status, body = await world.call("POST", path, json={"name": "renewal_due", "category": "UTILITY"})
            assert (status, body["status"]) == (201, "approved")
            check_schema(body, API, "content.v1.content.approval_create")
        _, listed = await world.call("GET", "/v1/ContentAndApprovals")
        check_schema(listed["contents"][0], API, "content.v1.content_and_approvals")
        assert listed["contents"][0]["approval_requests"]["name"] == "renewal_due"


async def test_a_template_against_the_rules_is_rejected_and_its_name_is_gone() -> None:
    async with simulated() as world:
        sid = await world.content(quick_reply("{{1}} ends soon", "Renew"), "renewal_due", variables={"1": "Alfa"})
        _, body = await world.call("GET", f"/v1/Content/{sid}/ApprovalRequests")
        assert body["whatsapp"]["status"] == "rejected"
        assert "start or end" in body["whatsapp"]["rejection_reason"]
        good = await world.content(BODY["types"], variables=SAMPLES)
        path = f"/v1/Content/{good}/ApprovalRequests/whatsapp"
        status, body = await world.call("POST", path, json={"name": "renewal_due", "category": "UTILITY"})
        assert (status, body["code"]) == (400, 20001)
        assert (await world.call("POST", path, json={"name": "renewal_due_2", "category": "UTILITY"}))[0] == 201


async def test_the_simulator_can_be_told_not_to_approve() -> None:
    async with simulated(approval="pending") as world:
        sid = await world.content(BODY["types"], "renewal_due", variables=SAMPLES)
        waiting = await world.sent(ContentSid=sid)
        await world.simulator.set_approval(sid, "approved")
        good = await world.sent(ContentSid=sid)
        await world.simulator.set_approval(sid, "paused", "too many complaints")
        paused = await world.sent(ContentSid=sid)
        codes = [line.error_code for line in await world.simulator.transcript(ANNA)]
        assert codes == [63016, None, 63041]
        assert [world.product.states(sent["sid"])[-1] for sent in (waiting, good, paused)] == [
            "failed",
            "delivered",
            "failed",
        ]


async def test_a_bad_content_is_refused_in_twilios_form() -> None:
    async with simulated() as world:
        wrong: list[dict[str, Any]] = [{"json": {"language": "en"}}, {"data": "{"}, {"json": []}]
        for options in wrong:
            status, body = await world.call("POST", "/v1/Content", **options)
            assert (status, body["code"]) == (400, 20001)
        picker = {"twilio/list-picker": {"body": "Which?", "button": "Choose", "items": [{"item": "Alfa", "id": "c1"}]}}
        sid = await world.content(picker)
        path = f"/v1/Content/{sid}/ApprovalRequests/whatsapp"
        status, body = await world.call("POST", path, json={"name": "pick", "category": "UTILITY"})
        assert (status, body["code"]) == (400, 20001)
        assert (await world.call("GET", "/v1/Content?PageSize=x"))[1]["code"] == 20001


async def test_missing_values_fall_back_to_the_samples_as_at_twilio() -> None:
    async with simulated() as world:
        sid = await world.content(BODY["types"], "renewal_due", variables=SAMPLES)
        assert (await world.sent(ContentSid=sid))["body"] == "Finances: *Alfa* ends in 7 days, ask the client first"

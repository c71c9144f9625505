"""Who keeps which webhooks, what signs their messages, and where the secrets are."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from ombud import Desk, clock
from ombud.errors import Conflict, Forbidden, Invalid, NotFound
from ombud.kit.vault import add_key, open_vault, retire_keys
from ombud.models import (
    AuditLog,
    WebhookDelivery,
    WebhookEndpoint,
)
from ombud.testing import Cast, Persona, frozen
from ombud.webhooks import (
    actions,
    delete_endpoint,
    forget_old_deliveries,
    get_endpoint,
    reseal,
    rotate_secret,
    send_test,
)
from ombud.webhooks.rules import headers_of
from tests.webhooks.conftest import SYSTEM, Post, opened


def test_two_signatures_for_a_day_after_a_rotation(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, old = post.endpoint(cast.agent, events=["ticket.created"])
    _, new = desk.run(cast.agent.actor, rotate_secret, endpoint, vault=post.vault)
    assert new != old
    opened(desk, cast)
    post.send()
    (came,) = post.receiver.came
    assert came.verified(old) == came.verified(new)
    assert len(came.headers["webhook-signature"].split()) == 2
    opened(desk, cast)
    with frozen(clock.now() + timedelta(hours=25)):
        post.send()
    assert len(post.receiver.came[-1].headers["webhook-signature"].split()) == 1


def test_secrets_are_sealed_and_moved_to_a_new_key(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, old = post.endpoint(cast.agent, events=["ticket.created"])
    _, new = desk.run(cast.agent.actor, rotate_secret, endpoint, vault=post.vault)
    with desk.read(SYSTEM) as session:
        row = session.execute(
            text("SELECT secret, old_secret FROM ombud.webhook_endpoints WHERE id = :id"), {"id": endpoint}
        ).one()
        logged = " ".join(str(one) for one in session.scalars(select(AuditLog.changes)))
    for secret in (old, new):
        bare = secret.removeprefix("whsec_")
        assert bare.encode() not in bytes(row.secret) + bytes(row.old_secret)
        assert bare not in logged
    assert bytes(row.secret).decode() not in logged, "not sealed either"
    with pytest.raises(Forbidden), desk.read(cast.admin.actor) as session:
        session.execute(text("SELECT secret FROM ombud.webhook_endpoints"))


def test_who_keeps_which(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, _ = post.endpoint(cast.agent)
    for who, error in (
        (cast.other_agent, NotFound),
        (cast.customer, Forbidden),
        (cast.light_agent, Forbidden),
    ):
        for action in (delete_endpoint, send_test):
            with pytest.raises(error):
                desk.run(who.actor, action, endpoint)
        with pytest.raises(error):
            desk.run(who.actor, rotate_secret, endpoint, vault=post.vault)
        with desk.read(who.actor) as session:
            assert session.scalars(select(WebhookEndpoint.id)).all() == [], "row security alone"
            assert session.scalars(select(WebhookDelivery.id)).all() == []
    with pytest.raises(Forbidden):
        post.endpoint(cast.customer)
    with pytest.raises(Invalid):
        post.endpoint(cast.agent, url="https://10.0.0.1/")
    with pytest.raises(Invalid):
        post.endpoint(cast.agent, events=["ticket.exploded"])
    assert desk.run(cast.admin.actor, get_endpoint, endpoint).id == endpoint
    desk.run(cast.admin.actor, delete_endpoint, endpoint)
    with pytest.raises(NotFound):
        desk.run(cast.agent.actor, get_endpoint, endpoint)


def test_the_limit_counts_everybodys(
    desk: Desk, cast: Cast, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who sees none of the others' is refused all the same; and of two at once, only one is the last."""
    monkeypatch.setattr(actions, "MOST", 2)
    post.endpoint(cast.admin)
    outcomes: list[str] = []

    def add(owner: Persona) -> None:
        try:
            post.endpoint(owner)
            outcomes.append("made")
        except Conflict:
            outcomes.append("refused")

    both = [threading.Thread(target=add, args=(who,)) for who in (cast.agent, cast.other_agent)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(outcomes) == ["made", "refused"]
    with pytest.raises(Conflict, match="2 webhooks"):
        post.endpoint(cast.team_agent)


def test_one_agent_does_not_use_up_what_the_desk_has(
    desk: Desk, cast: Cast, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MOST_EACH", 1)
    endpoint, _ = post.endpoint(cast.agent)
    with pytest.raises(actions.TooManyWebhooks, match="as many as one agent may"):
        post.endpoint(cast.agent)
    post.endpoint(cast.other_agent)
    for _ in range(2):
        post.endpoint(cast.admin)
    desk.run(cast.agent.actor, delete_endpoint, endpoint)
    post.endpoint(cast.agent)


def test_what_was_settled_a_month_ago_goes(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, _ = post.endpoint(cast.agent, events=["ticket.created"])
    opened(desk, cast)
    post.send()
    assert desk.run(SYSTEM, forget_old_deliveries) == 0
    with frozen(clock.now() + timedelta(days=31)):
        assert desk.run(SYSTEM, forget_old_deliveries) == 1
    assert post.deliveries(endpoint) == []


def test_the_vector_of_the_specification() -> None:
    """The example in the specification's own text."""
    headers = headers_of(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1_614_265_330, UTC),
        b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_both_secrets_open_after_the_keys_were_changed(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, old = post.endpoint(cast.agent, events=["ticket.created"])
    _, new = desk.run(cast.agent.actor, rotate_secret, endpoint, vault=post.vault)
    folder = desk.settings.data_dir
    assert folder is not None
    keys = folder.parent / "keys"
    add_key(keys)
    assert desk.run(SYSTEM, reseal, open_vault(keys)) == 2
    retire_keys(keys)
    post.vault = open_vault(keys)
    opened(desk, cast)
    post.send()
    (came,) = post.receiver.came
    assert came.verified(old) == came.verified(new)

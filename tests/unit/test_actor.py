"""Actors, and what PostgreSQL is told of them."""

from ombud import Actor, ActorKind
from ombud.db.context import context_values


def test_labels_say_who() -> None:
    assert Actor.admin(7).label == "user:7"
    assert Actor.system("import").label == "system:import"


def test_each_actor_has_a_request_of_its_own_until_told_otherwise() -> None:
    assert Actor.admin(7).request_id != Actor.admin(7).request_id
    assert Actor.admin(7).for_request("r1").request_id == "r1"


def test_who_is_staff_and_who_administers() -> None:
    kinds = [Actor.admin(1), Actor.agent(1), Actor.customer(1), Actor.system("x")]
    assert [actor.is_staff for actor in kinds] == [True, True, False, True]
    assert [actor.is_admin for actor in kinds] == [True, False, False, True]


def test_people_work_as_the_web_role_and_the_system_as_the_worker() -> None:
    assert context_values(Actor.admin(1))["role"] == "ombud_web"
    assert context_values(Actor.system("x"))["role"] == "ombud_worker"


def test_the_context_is_text_that_postgresql_reads() -> None:
    values = context_values(Actor.agent(5, teams=frozenset({3, 1})))
    assert values["teams"] == "{1,3}"
    assert values["kind"] == ActorKind.AGENT.value
    assert (values["scope"], values["user_id"], values["organization"]) == ("teams", "5", "")


def test_an_agent_of_no_team_is_not_an_agent_of_all() -> None:
    assert context_values(Actor.agent(5, teams=frozenset()))["scope"] == "teams"
    assert context_values(Actor.agent(5))["scope"] == "all"

-- Pairs that may be one, as the worker found them last. They follow from people and tickets and may be lost at any time.
-- No foreign keys: each row written would hold its people and tickets from being changed until the look is over. Who reads
-- joins them; what is gone goes with the next look.

CREATE TABLE ombud.alike_people (
  user_id BIGINT NOT NULL,
  other_id BIGINT NOT NULL,
  names DOUBLE PRECISION NOT NULL,
  score DOUBLE PRECISION NOT NULL,
  CONSTRAINT pk_alike_people PRIMARY KEY (user_id, other_id),
  CONSTRAINT ck_alike_people_in_order CHECK (user_id < other_id)
);
CREATE INDEX ix_alike_people_score ON ombud.alike_people (score DESC, user_id, other_id);

CREATE TABLE ombud.alike_tickets (
  ticket_id BIGINT NOT NULL,
  other_id BIGINT NOT NULL,
  titles DOUBLE PRECISION NOT NULL,
  texts DOUBLE PRECISION NOT NULL,
  hours DOUBLE PRECISION NOT NULL,
  score DOUBLE PRECISION NOT NULL,
  CONSTRAINT pk_alike_tickets PRIMARY KEY (ticket_id, other_id)
);
CREATE INDEX ix_alike_tickets_score ON ombud.alike_tickets (score DESC, ticket_id, other_id);

CREATE TABLE ombud.alike_finds (
  kind TEXT NOT NULL,
  found_at TIMESTAMP WITH TIME ZONE NOT NULL,
  seconds DOUBLE PRECISION NOT NULL,
  least DOUBLE PRECISION NOT NULL,
  last_id BIGINT NOT NULL,
  CONSTRAINT pk_alike_finds PRIMARY KEY (kind),
  CONSTRAINT ck_alike_finds_kind CHECK (kind IN ('people', 'tickets')),
  CONSTRAINT ck_alike_finds_times CHECK (found_at >= '0001-01-02 00:00+00' AND found_at < '9999-12-31 00:00+00')
);

SELECT ombud.secure(t)
  FROM unnest(ARRAY['ombud.alike_people', 'ombud.alike_tickets', 'ombud.alike_finds']::regclass[]) t;

CREATE POLICY staff ON ombud.alike_people FOR SELECT TO ombud_web USING ((SELECT ombud.actor_kind()) <> 'customer');
CREATE POLICY staff ON ombud.alike_tickets FOR SELECT TO ombud_web USING (
  (SELECT ombud.actor_kind()) <> 'customer'
  AND ((SELECT ombud.actor_scope()) = 'all'
       OR (EXISTS (SELECT FROM ombud.tickets t WHERE t.id = ticket_id)
           AND EXISTS (SELECT FROM ombud.tickets t WHERE t.id = other_id))));
CREATE POLICY staff ON ombud.alike_finds FOR SELECT TO ombud_web USING ((SELECT ombud.actor_kind()) <> 'customer');

GRANT SELECT ON ombud.alike_people, ombud.alike_tickets, ombud.alike_finds TO ombud_app;

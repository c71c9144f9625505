-- Pairs that look alike and are not one, as somebody of the team said: the finders leave them out.

CREATE TABLE ombud.distinct_people (
  user_id BIGINT NOT NULL,
  other_id BIGINT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT pk_distinct_people PRIMARY KEY (user_id, other_id),
  CONSTRAINT ck_distinct_people_in_order CHECK (user_id < other_id),
  CONSTRAINT fk_distinct_people_user_id FOREIGN KEY (user_id) REFERENCES ombud.users (id) ON DELETE CASCADE,
  CONSTRAINT fk_distinct_people_other_id FOREIGN KEY (other_id) REFERENCES ombud.users (id) ON DELETE CASCADE
);
CREATE INDEX ix_distinct_people_other_id ON ombud.distinct_people (other_id);

CREATE TABLE ombud.distinct_tickets (
  ticket_id BIGINT NOT NULL,
  other_id BIGINT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT pk_distinct_tickets PRIMARY KEY (ticket_id, other_id),
  CONSTRAINT ck_distinct_tickets_in_order CHECK (ticket_id < other_id),
  CONSTRAINT fk_distinct_tickets_ticket_id FOREIGN KEY (ticket_id) REFERENCES ombud.tickets (id) ON DELETE CASCADE,
  CONSTRAINT fk_distinct_tickets_other_id FOREIGN KEY (other_id) REFERENCES ombud.tickets (id) ON DELETE CASCADE
);
CREATE INDEX ix_distinct_tickets_other_id ON ombud.distinct_tickets (other_id);

SELECT ombud.audit_table('ombud.distinct_people', '{user_id,other_id}');
SELECT ombud.audit_table('ombud.distinct_tickets', '{ticket_id,other_id}');
REVOKE ALL ON FUNCTION ombud.audit_of_distinct_people(), ombud.audit_of_distinct_tickets() FROM PUBLIC;

SELECT ombud.secure(t) FROM unnest(ARRAY['ombud.distinct_people', 'ombud.distinct_tickets']::regclass[]) t;

CREATE POLICY staff ON ombud.distinct_people TO ombud_web USING ((SELECT ombud.actor_kind()) <> 'customer');
CREATE POLICY staff ON ombud.distinct_tickets TO ombud_web USING (
  (SELECT ombud.actor_kind()) <> 'customer'
  AND ((SELECT ombud.actor_scope()) = 'all'
       OR (EXISTS (SELECT FROM ombud.tickets t WHERE t.id = ticket_id)
           AND EXISTS (SELECT FROM ombud.tickets t WHERE t.id = other_id))));

-- Beside what somebody sees they need the right, as for the other tables of 0014.
CREATE POLICY rights_add ON ombud.distinct_people AS RESTRICTIVE FOR INSERT TO ombud_web
  WITH CHECK ((SELECT ombud.actor_may('people.keep')));
CREATE POLICY rights_remove ON ombud.distinct_people AS RESTRICTIVE FOR DELETE TO ombud_web
  USING ((SELECT ombud.actor_may('people.keep')));
CREATE POLICY rights_add ON ombud.distinct_tickets AS RESTRICTIVE FOR INSERT TO ombud_web
  WITH CHECK ((SELECT ombud.actor_may('tickets.change')));
CREATE POLICY rights_remove ON ombud.distinct_tickets AS RESTRICTIVE FOR DELETE TO ombud_web
  USING ((SELECT ombud.actor_may('tickets.change')));

GRANT SELECT, INSERT, DELETE ON ombud.distinct_people, ombud.distinct_tickets TO ombud_app;

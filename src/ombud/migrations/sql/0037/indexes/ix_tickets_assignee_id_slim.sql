CREATE INDEX CONCURRENTLY ix_tickets_assignee_id_slim ON ombud.tickets (assignee_id);

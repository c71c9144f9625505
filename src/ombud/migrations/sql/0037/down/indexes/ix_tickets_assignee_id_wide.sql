CREATE INDEX CONCURRENTLY ix_tickets_assignee_id_wide ON ombud.tickets (assignee_id, id);

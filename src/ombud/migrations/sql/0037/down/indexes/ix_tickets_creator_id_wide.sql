CREATE INDEX CONCURRENTLY ix_tickets_creator_id_wide ON ombud.tickets (creator_id, id);

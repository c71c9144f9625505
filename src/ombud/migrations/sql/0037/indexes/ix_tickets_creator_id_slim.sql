CREATE INDEX CONCURRENTLY ix_tickets_creator_id_slim ON ombud.tickets (creator_id);

CREATE INDEX CONCURRENTLY ix_tickets_team_id_slim ON ombud.tickets (team_id);

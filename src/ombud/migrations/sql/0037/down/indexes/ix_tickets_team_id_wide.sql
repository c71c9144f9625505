CREATE INDEX CONCURRENTLY ix_tickets_team_id_wide ON ombud.tickets (team_id, id);

CREATE INDEX CONCURRENTLY ix_tickets_organization_id_wide ON ombud.tickets (organization_id, id);

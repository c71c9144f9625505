CREATE INDEX CONCURRENTLY ix_tickets_organization_id_slim ON ombud.tickets (organization_id) WHERE organization_id IS NOT NULL;

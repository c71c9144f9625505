CREATE INDEX CONCURRENTLY ix_tickets_assignee_undone_new ON ombud.tickets (assignee_id, last_activity_at, id)
INCLUDE (status, created_at, team_id, requester_id, organization_id, deleted_at)
WHERE deleted_at IS NULL AND status IN ('open', 'in_progress', 'waiting_on_customer');

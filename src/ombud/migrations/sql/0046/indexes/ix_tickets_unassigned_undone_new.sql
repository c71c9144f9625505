CREATE INDEX CONCURRENTLY ix_tickets_unassigned_undone_new ON ombud.tickets (last_activity_at, id)
INCLUDE (status, created_at, assignee_id, team_id, requester_id, organization_id, deleted_at)
WHERE deleted_at IS NULL AND status IN ('open', 'in_progress', 'waiting_on_customer') AND assignee_id IS NULL;

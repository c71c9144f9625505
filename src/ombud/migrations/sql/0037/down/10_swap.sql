-- The wide indexes come back.
DROP INDEX ombud.ix_tickets_assignee_id, ombud.ix_tickets_team_id, ombud.ix_tickets_creator_id, ombud.ix_tickets_organization_id;
ALTER INDEX ombud.ix_tickets_assignee_id_wide RENAME TO ix_tickets_assignee_id;
ALTER INDEX ombud.ix_tickets_team_id_wide RENAME TO ix_tickets_team_id;
ALTER INDEX ombud.ix_tickets_creator_id_wide RENAME TO ix_tickets_creator_id;
ALTER INDEX ombud.ix_tickets_organization_id_wide RENAME TO ix_tickets_organization_id;

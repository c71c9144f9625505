-- The slim indexes take the place, and the names, of the wide ones.
DROP INDEX ombud.ix_tickets_assignee_id, ombud.ix_tickets_team_id, ombud.ix_tickets_creator_id, ombud.ix_tickets_organization_id;
ALTER INDEX ombud.ix_tickets_assignee_id_slim RENAME TO ix_tickets_assignee_id;
ALTER INDEX ombud.ix_tickets_team_id_slim RENAME TO ix_tickets_team_id;
ALTER INDEX ombud.ix_tickets_creator_id_slim RENAME TO ix_tickets_creator_id;
ALTER INDEX ombud.ix_tickets_organization_id_slim RENAME TO ix_tickets_organization_id;

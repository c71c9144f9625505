-- The same indexes with more columns take the places of the old ones.
DROP INDEX ombud.ix_tickets_assignee_undone;
ALTER INDEX ombud.ix_tickets_assignee_undone_new RENAME TO ix_tickets_assignee_undone;
DROP INDEX ombud.ix_tickets_unassigned_undone;
ALTER INDEX ombud.ix_tickets_unassigned_undone_new RENAME TO ix_tickets_unassigned_undone;

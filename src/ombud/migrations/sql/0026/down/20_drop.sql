DROP TABLE ombud.distinct_people, ombud.distinct_tickets;
DROP FUNCTION ombud.audit_of_distinct_people(), ombud.audit_of_distinct_tickets();

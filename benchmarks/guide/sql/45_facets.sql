-- Live tickets with their tag ids in one array: any-of-tags by one inverted index, each ticket once.
SET synchronous_commit=off; SET maintenance_work_mem='1GB'; SET work_mem='512MB';
CREATE TABLE ticket_facet AS SELECT t.id AS ticket_id, t.created_at, coalesce(x.a,'{}') AS tag_ids FROM tickets t
  LEFT JOIN (SELECT ticket_id, array_agg(tag_id ORDER BY tag_id) a FROM ticket_tags GROUP BY 1) x ON x.ticket_id=t.id WHERE t.deleted_at IS NULL;
ALTER TABLE ticket_facet ADD PRIMARY KEY(ticket_id);
CREATE INDEX tf_created ON ticket_facet(created_at DESC, ticket_id DESC);
CREATE INDEX tf_tags ON ticket_facet USING gin(tag_ids);

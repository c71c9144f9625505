-- Most comments change nothing of their ticket that a look does not tell. An UPDATE of no row has every trigger of its
-- statement run all the same, a tenth of a comment's time, so it is only made where the look finds something.
CREATE OR REPLACE FUNCTION ombud.after_comments() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  any_deleted boolean;
  any_merged boolean;
  any_news boolean;
BEGIN
  IF ombud.is_curating() THEN
    -- An export that comes back in says itself what the comments meant.
    RETURN NULL;
  END IF;
  SELECT bool_or(t.deleted_at IS NOT NULL), bool_or(t.merged_into_id IS NOT NULL),
         bool_or(f.created_at > t.last_activity_at OR t.first_response_at IS NULL AND NOT f.is_internal)
    INTO any_deleted, any_merged, any_news
    FROM fresh f JOIN ombud.tickets t ON t.id = f.ticket_id;
  IF any_deleted THEN
    RAISE EXCEPTION 'a deleted ticket takes no comment'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_tickets_not_deleted';
  END IF;
  IF any_merged THEN
    RAISE EXCEPTION 'a merged ticket takes no comment'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_tickets_merged';
  END IF;
  IF any_news THEN
    UPDATE ombud.tickets t
       SET last_activity_at = greatest(t.last_activity_at, c.last_at),
           first_response_at = coalesce(t.first_response_at, c.first_reply_at)
      FROM (SELECT f.ticket_id,
                   max(f.created_at) AS last_at,
                   min(f.created_at) FILTER (
                     WHERE NOT f.is_internal AND u.is_staff AND f.author_id <> k.requester_id) AS first_reply_at
              FROM fresh f
              JOIN ombud.users u ON u.id = f.author_id
              JOIN ombud.tickets k ON k.id = f.ticket_id
             GROUP BY f.ticket_id) c
     WHERE t.id = c.ticket_id
       AND (c.last_at > t.last_activity_at OR (t.first_response_at IS NULL AND c.first_reply_at IS NOT NULL));
  END IF;
  RETURN NULL;
END $$;

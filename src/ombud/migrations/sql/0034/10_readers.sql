-- Who only reads the tickets of a team changes and removes no words and files of others there either, and moves none
-- into them: the policies of 0014 with the team.
ALTER POLICY rights_change ON ombud.comments WITH CHECK (
  ((SELECT ombud.actor_may('tickets.change')) AND NOT ombud.actor_only_reads_ticket(ticket_id))
  OR (author_id = (SELECT nullif(current_setting('ombud.user_id', true), '')::bigint)
      AND CASE WHEN is_internal THEN (SELECT ombud.actor_may('notes.write'))
               ELSE (SELECT ombud.actor_may('tickets.reply')) AND NOT ombud.actor_only_reads_ticket(ticket_id) END));
ALTER POLICY rights_change ON ombud.attachments WITH CHECK (
  (SELECT ombud.actor_may('tickets.change')) AND NOT ombud.actor_only_reads_ticket(ticket_id));
ALTER POLICY rights_remove ON ombud.attachments USING (
  ((SELECT ombud.actor_may('tickets.change')) AND NOT ombud.actor_only_reads_ticket(ticket_id))
  OR uploader_id = (SELECT nullif(current_setting('ombud.user_id', true), '')::bigint));

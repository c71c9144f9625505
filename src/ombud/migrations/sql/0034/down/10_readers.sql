ALTER POLICY rights_change ON ombud.comments WITH CHECK (
  (SELECT ombud.actor_may('tickets.change'))
  OR (author_id = (SELECT nullif(current_setting('ombud.user_id', true), '')::bigint)
      AND CASE WHEN is_internal THEN (SELECT ombud.actor_may('notes.write'))
               ELSE (SELECT ombud.actor_may('tickets.reply')) END));
ALTER POLICY rights_change ON ombud.attachments WITH CHECK ((SELECT ombud.actor_may('tickets.change')));
ALTER POLICY rights_remove ON ombud.attachments USING (
  (SELECT ombud.actor_may('tickets.change'))
  OR uploader_id = (SELECT nullif(current_setting('ombud.user_id', true), '')::bigint));

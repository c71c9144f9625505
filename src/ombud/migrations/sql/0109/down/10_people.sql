CREATE OR REPLACE FUNCTION ombud.people_like(person bigint, most integer) RETURNS TABLE(user_id bigint, alike real)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  known ombud.users := (SELECT u FROM ombud.users u WHERE u.id = person);
BEGIN
  IF ombud.actor_kind() IS NULL OR ombud.actor_kind() = 'customer' OR known.id IS NULL THEN
    RETURN;
  END IF;
  PERFORM set_config('pg_trgm.similarity_threshold', '0.5', true);
  RETURN QUERY
    SELECT u.id, CASE WHEN known.full_name = '' THEN 0 ELSE ombud.similarity(u.full_name, known.full_name) END
      FROM (SELECT k.id FROM ombud.users k
             WHERE k.role = 'customer' AND k.merged_into_id IS NULL AND k.anonymised_at IS NULL
               AND ombud.address_key(k.email_norm) = ombud.address_key(known.email_norm)
             UNION (SELECT k.id FROM ombud.users k
                     WHERE k.role = 'customer' AND k.merged_into_id IS NULL AND k.anonymised_at IS NULL
                       AND k.full_name <> '' AND ombud.name_key(k.full_name) = ombud.name_key(known.full_name)
                     LIMIT most)
             UNION (SELECT k.id FROM ombud.users k
                     WHERE k.role = 'customer' AND k.merged_into_id IS NULL
                       AND k.full_name OPERATOR(ombud.%) known.full_name
                     LIMIT most)) found
      JOIN ombud.users u USING (id)
     WHERE u.id <> person AND u.role = 'customer' AND u.merged_into_id IS NULL AND u.anonymised_at IS NULL
       AND NOT EXISTS (SELECT FROM ombud.distinct_people d
                        WHERE d.user_id = least(u.id, person) AND d.other_id = greatest(u.id, person))
     ORDER BY 2 DESC, 1 LIMIT most;
END $$;
DROP INDEX ombud.ix_users_local_part;

-- A similar name makes two customers likely where something else is alike, too: nearly the same name anywhere, and a
-- similar one among those of the same organization, or of the same part before the @. Among all names of a large desk
-- there are thousands of similar ones. Of an organization, or of an `info@`, the latest 1,000 are looked at.
CREATE OR REPLACE FUNCTION ombud.people_like(person bigint, most int) RETURNS TABLE (user_id bigint, alike real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  known ombud.users := (SELECT u FROM ombud.users u WHERE u.id = person);
  inbox text := ombud.address_key(known.email_norm);
  local text := split_part(inbox, '@', 1);
  named text := ombud.name_key(known.full_name);
BEGIN
  IF ombud.actor_kind() IS NULL OR ombud.actor_kind() = 'customer' OR known.id IS NULL THEN
    RETURN;
  END IF;
  PERFORM set_config('pg_trgm.similarity_threshold', '0.85', true);
  RETURN QUERY
    SELECT u.id, CASE WHEN known.full_name = '' THEN 0 ELSE ombud.similarity(u.full_name, known.full_name) END
      FROM (SELECT k.id FROM ombud.users k
             WHERE k.role = 'customer' AND k.merged_into_id IS NULL AND k.anonymised_at IS NULL
               AND ombud.address_key(k.email_norm) = inbox
             UNION (SELECT k.id FROM ombud.users k
                     WHERE k.role = 'customer' AND k.merged_into_id IS NULL AND k.anonymised_at IS NULL
                       AND k.full_name <> '' AND ombud.name_key(k.full_name) = named
                     LIMIT most)
             UNION (SELECT k.id FROM ombud.users k
                     WHERE k.role = 'customer' AND k.merged_into_id IS NULL
                       AND k.full_name OPERATOR(ombud.%) known.full_name
                     LIMIT most)
             UNION (SELECT k.id FROM (SELECT c.id, ombud.similarity(c.full_name, known.full_name) AS near
                                        FROM ombud.users c
                                       WHERE c.organization_id = known.organization_id AND c.role = 'customer'
                                         AND c.merged_into_id IS NULL AND c.anonymised_at IS NULL
                                       ORDER BY c.id DESC LIMIT 1000) k
                     WHERE k.near >= 0.5 ORDER BY k.near DESC, k.id LIMIT most)
             UNION (SELECT k.id FROM (SELECT c.id, ombud.similarity(c.full_name, known.full_name) AS near
                                        FROM ombud.users c
                                       WHERE length(local) >= 4 AND c.full_name <> ''
                                         AND split_part(ombud.address_key(c.email_norm), '@', 1) = local
                                         AND c.role = 'customer' AND c.merged_into_id IS NULL
                                         AND c.anonymised_at IS NULL
                                       ORDER BY c.id DESC LIMIT 1000) k
                     WHERE k.near >= 0.5 ORDER BY k.near DESC, k.id LIMIT most)) found
      JOIN ombud.users u USING (id)
     WHERE u.id <> person AND u.role = 'customer' AND u.merged_into_id IS NULL AND u.anonymised_at IS NULL
       AND NOT EXISTS (SELECT FROM ombud.distinct_people d
                        WHERE d.user_id = least(u.id, person) AND d.other_id = greatest(u.id, person))
     ORDER BY 2 DESC, 1 LIMIT most;
END $$;

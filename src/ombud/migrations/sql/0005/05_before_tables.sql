-- What indexes of the tables need.

-- The same inbox however it is written: case, what follows a plus sign, Gmail's dots and second domain.
CREATE FUNCTION ombud.address_key(address text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT CASE WHEN domain IN ('gmail.com', 'googlemail.com') THEN replace(inbox, '.', '') || '@gmail.com'
              ELSE inbox || '@' || domain END
    FROM (SELECT split_part(split_part(lower(address), '@', 1), '+', 1) AS inbox,
                 split_part(lower(address), '@', 2) AS domain) parts
$$;

-- The same name however its words are ordered: "Ann Lee", "LEE, Ann".
CREATE FUNCTION ombud.name_key(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT coalesce(string_agg(word, ' ' ORDER BY word COLLATE "C"), '')
    FROM regexp_split_to_table(lower(name), '[^[:alnum:]]+') AS word WHERE word <> ''
$$;

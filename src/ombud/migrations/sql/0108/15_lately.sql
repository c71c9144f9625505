-- Whether pairs that were found then are worth taking: a worker that is not there any more keeps nobody from seeing.
CREATE FUNCTION ombud.is_lately(found_at timestamptz, seconds double precision) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog
RETURN found_at > now() - make_interval(secs => greatest(600, 100 * seconds));

DELETE FROM ticket_search WHERE ticket_id > current_setting('bench.tickets')::int;
TRUNCATE stat_all_sp, stat_day_sp;
INSERT INTO stat_day_sp SELECT (created_at AT TIME ZONE 'UTC')::date, status, priority, count(*), count(resolved_at),
   coalesce(sum(extract(epoch FROM resolved_at-created_at)),0) FROM tickets WHERE deleted_at IS NULL GROUP BY 1,2,3;
INSERT INTO stat_all_sp SELECT status, priority, sum(n), sum(nres), sum(sres) FROM stat_day_sp GROUP BY 1,2;

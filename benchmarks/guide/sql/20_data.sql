-- Deterministic data: each row is a pure function of its number, so a run can be repeated, and grows without
-- changing what it had. The setting bench.tickets says how many tickets; the rest follows from it. Time is fixed.
SET synchronous_commit = off;
SET max_parallel_workers_per_gather = 0;
SET work_mem = '256MB';

-- How many: three comments and two tags to a ticket, a customer to fifty; 500 of the people are staff.
-- One expression, so that PostgreSQL writes it into the statement that calls it.
CREATE FUNCTION pg_temp.n(thing text) RETURNS int LANGUAGE sql STABLE AS $$
  SELECT CASE thing
    WHEN 'tickets' THEN current_setting('bench.tickets')::int
    WHEN 'comments' THEN 3 * current_setting('bench.tickets')::int
    WHEN 'tagged' THEN 2 * current_setting('bench.tickets')::int
    WHEN 'tags' THEN 200
    WHEN 'users' THEN greatest(1000, current_setting('bench.tickets')::int / 50)
    WHEN 'pieces' THEN CASE WHEN current_setting('bench.tickets')::int < 10000 THEN 3000 ELSE 60000 END
    -- Every so many tickets have the rare term (20 tickets) and the uncommon one (1,000, from 10,000 tickets on).
    WHEN 'rare' THEN greatest(25, current_setting('bench.tickets')::int / 20)
    WHEN 'uncommon' THEN greatest(10, current_setting('bench.tickets')::int / 1000)
  END
$$;

-- u(i, s): uniform [0,1) from a row number and a stream number.
CREATE FUNCTION pg_temp.u(i bigint, s bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS
$$ SELECT (hashint8extended(i, s) & 9007199254740991)::float8 / 9007199254740992.0 $$;

-- 2000 invented words of 2-3 syllables, none a substring of another, so that a
-- substring match and a word match give the same rows and answers can be compared.
CREATE TEMP TABLE vocab AS
WITH raw AS (
  SELECT n,
    (SELECT string_agg(
        (ARRAY['b','br','c','cl','d','dr','f','fl','g','gr','h','j','k','l','m','n','p','pl','r','s','st','t','tr','v','w','z'])[1+floor(pg_temp.u(n,100+k)*26)::int] ||
        (ARRAY['a','e','i','o','u','ai','ea','oo'])[1+floor(pg_temp.u(n,200+k)*8)::int] ||
        (ARRAY['','','n','r','l','s','t','m','ck','nd'])[1+floor(pg_temp.u(n,300+k)*10)::int], '' ORDER BY k)
     FROM generate_series(1, 2+(n%2)) k) AS w
  FROM generate_series(1,4000) n),
d AS (SELECT w, min(n) n FROM raw WHERE length(w) BETWEEN 5 AND 11 GROUP BY w)
SELECT row_number() OVER (ORDER BY n) AS rank, w FROM d
WHERE NOT EXISTS (SELECT 1 FROM d e WHERE e.w <> d.w AND position(e.w IN d.w) > 0)
ORDER BY n LIMIT 2000;
CREATE UNIQUE INDEX ON vocab(rank); ANALYZE vocab;

-- Ten-word pieces, words drawn with Zipf(1) weights: rank = floor(2001^u). What is said in comments has words of
-- its own, none with a ticket's word in it: the guide does not search comments and Ombud does, and both must find
-- the same.
CREATE TEMP TABLE piece AS
SELECT id, body, regexp_replace(body, '([aeiou])', '\1x', 'g') AS said FROM (
SELECT p AS id, string_agg(v.w, ' ' ORDER BY k) AS body
FROM generate_series(0, pg_temp.n('pieces') - 1) p CROSS JOIN generate_series(1,10) k
JOIN vocab v ON v.rank = least(2000, floor(exp(pg_temp.u(p*16+k, 7) * ln(2001.0)::float8))::int)
GROUP BY p) pieces;
ANALYZE piece;

INSERT INTO users(id,email,full_name,is_active,is_staff,password_hash,created_at,updated_at,last_login)
SELECT i, 'user'||i||'@example.test', 'Person '||i, i<=500 OR pg_temp.u(i,1)<0.97, i<=500,
       md5(i::text)||md5((i+1)::text), timestamptz '2023-06-01 00:00+00', timestamptz '2023-06-01 00:00+00',
       CASE WHEN pg_temp.u(i,2)<0.8 THEN timestamptz '2026-10-01 00:00+00' + pg_temp.u(i,3)*interval '30 days' END
FROM generate_series(1,pg_temp.n('users')) i;

INSERT INTO tags(id,name,color,description)
SELECT i, 'tag-'||lpad(i::text,3,'0'), '#'||substr(md5(i::text),1,6), 'Tag number '||i FROM generate_series(1,pg_temp.n('tags')) i;

-- status 80% closed, 8% resolved, 5% open, 4% in progress, 3% waiting; live ones recent.
INSERT INTO tickets(id,ticket_number,title,description,status,priority,creator_id,assignee_id,deleted_at,created_at,updated_at,resolved_at)
SELECT t.i, 'TKT-'||lpad(t.i::text,8,'0'),
  initcap(split_part(f1.body,' ',1))||' '||split_part(f1.body,' ',2)||' '||split_part(f2.body,' ',3)||' '||split_part(f2.body,' ',4)||' '||split_part(f3.body,' ',5)||' '||split_part(f3.body,' ',6),
  concat_ws(' ', f1.body,f2.body,f3.body,
     CASE WHEN t.n>=4 THEN f4.body END, CASE WHEN t.n>=5 THEN f5.body END, CASE WHEN t.n>=6 THEN f6.body END,
     CASE WHEN t.n>=7 THEN f7.body END, CASE WHEN t.n>=8 THEN f8.body END, CASE WHEN t.n>=9 THEN f9.body END,
     CASE WHEN t.n>=10 THEN f10.body END,
     CASE WHEN t.i % pg_temp.n('rare') = 17 THEN 'xqzrarevorp' END,
     CASE WHEN t.i % pg_temp.n('uncommon') = 3 THEN 'yxuncommonal' END),
  t.st::ticketstatus,
  (CASE WHEN t.up<.4 THEN 'LOW' WHEN t.up<.8 THEN 'MEDIUM' WHEN t.up<.95 THEN 'HIGH' ELSE 'URGENT' END)::ticketpriority,
  501 + floor((pg_temp.n('users')-500) * pow(pg_temp.u(t.i,14),2))::int,
  CASE WHEN t.st='OPEN' AND pg_temp.u(t.i,15)<.5 THEN NULL
       ELSE least(500, floor(exp(pg_temp.u(t.i,16)*ln(501.0)::float8))::int) END,
  CASE WHEN pg_temp.u(t.i,17)<.02 THEN t.cr + interval '40 days' END,
  t.cr, CASE WHEN t.st IN ('CLOSED','RESOLVED') THEN t.res ELSE t.cr + interval '3 hours' END,
  CASE WHEN t.st IN ('CLOSED','RESOLVED') THEN t.res END
FROM (
  SELECT s.*, s.cr + (-ln(1-pg_temp.u(s.i,18)) * 36)*interval '1 hour' AS res FROM (
    SELECT r.*, CASE WHEN r.us<.80 THEN 'CLOSED' WHEN r.us<.88 THEN 'RESOLVED' WHEN r.us<.93 THEN 'OPEN'
                     WHEN r.us<.97 THEN 'IN_PROGRESS' ELSE 'WAITING_ON_CUSTOMER' END AS st,
           timestamptz '2026-11-01 00:00+00'
             - (CASE WHEN r.us<.88 THEN 1095 ELSE 90 END) * pg_temp.u(r.i,13)*interval '1 day' AS cr,
           3+floor(pg_temp.u(r.i,12)*8)::int AS n
    FROM (SELECT i, pg_temp.u(i,10) AS us, pg_temp.u(i,11) AS up FROM generate_series(1,pg_temp.n('tickets')) i) r ) s ) t
JOIN piece f1 ON f1.id = floor(pg_temp.u(t.i,21)*pg_temp.n('pieces'))::int  JOIN piece f2 ON f2.id = floor(pg_temp.u(t.i,22)*pg_temp.n('pieces'))::int
JOIN piece f3 ON f3.id = floor(pg_temp.u(t.i,23)*pg_temp.n('pieces'))::int  JOIN piece f4 ON f4.id = floor(pg_temp.u(t.i,24)*pg_temp.n('pieces'))::int
JOIN piece f5 ON f5.id = floor(pg_temp.u(t.i,25)*pg_temp.n('pieces'))::int  JOIN piece f6 ON f6.id = floor(pg_temp.u(t.i,26)*pg_temp.n('pieces'))::int
JOIN piece f7 ON f7.id = floor(pg_temp.u(t.i,27)*pg_temp.n('pieces'))::int  JOIN piece f8 ON f8.id = floor(pg_temp.u(t.i,28)*pg_temp.n('pieces'))::int
JOIN piece f9 ON f9.id = floor(pg_temp.u(t.i,29)*pg_temp.n('pieces'))::int  JOIN piece f10 ON f10.id = floor(pg_temp.u(t.i,30)*pg_temp.n('pieces'))::int;

-- Comments: thread lengths are skewed (ticket = T * u^1.5 spread by a permutation).
INSERT INTO comments(id,content,is_internal,ticket_id,author_id,created_at,updated_at)
SELECT c.i,
  concat_ws(' ', f1.said,f2.said,f3.said,
     CASE WHEN c.n>=4 THEN f4.said END, CASE WHEN c.n>=5 THEN f5.said END, CASE WHEN c.n>=6 THEN f6.said END,
     CASE WHEN c.n>=7 THEN f7.said END, CASE WHEN c.n>=8 THEN f8.said END, CASE WHEN c.n>=9 THEN f9.said END,
     CASE WHEN c.n>=10 THEN f10.said END),
  pg_temp.u(c.i,42)<.2, c.tid,
  CASE WHEN pg_temp.u(c.i,43)<.5 THEN 501+floor((pg_temp.n('users')-500)*pow(pg_temp.u(c.tid,14),2))::int
       ELSE least(500, floor(exp(pg_temp.u(c.tid,16)*ln(501.0)::float8))::int) END,
  tk.created_at + pg_temp.u(c.i,44)*interval '4 days', tk.created_at + pg_temp.u(c.i,44)*interval '4 days'
FROM (SELECT i, 3+floor(pg_temp.u(i,41)*8)::int AS n,
             1+((floor(pg_temp.n('tickets')*pow(pg_temp.u(i,40),1.5))::bigint*7919) % pg_temp.n('tickets'))::int AS tid
      FROM generate_series(1,pg_temp.n('comments')) i) c
JOIN tickets tk ON tk.id = c.tid
JOIN piece f1 ON f1.id = floor(pg_temp.u(c.i,51)*pg_temp.n('pieces'))::int  JOIN piece f2 ON f2.id = floor(pg_temp.u(c.i,52)*pg_temp.n('pieces'))::int
JOIN piece f3 ON f3.id = floor(pg_temp.u(c.i,53)*pg_temp.n('pieces'))::int  JOIN piece f4 ON f4.id = floor(pg_temp.u(c.i,54)*pg_temp.n('pieces'))::int
JOIN piece f5 ON f5.id = floor(pg_temp.u(c.i,55)*pg_temp.n('pieces'))::int  JOIN piece f6 ON f6.id = floor(pg_temp.u(c.i,56)*pg_temp.n('pieces'))::int
JOIN piece f7 ON f7.id = floor(pg_temp.u(c.i,57)*pg_temp.n('pieces'))::int  JOIN piece f8 ON f8.id = floor(pg_temp.u(c.i,58)*pg_temp.n('pieces'))::int
JOIN piece f9 ON f9.id = floor(pg_temp.u(c.i,59)*pg_temp.n('pieces'))::int  JOIN piece f10 ON f10.id = floor(pg_temp.u(c.i,60)*pg_temp.n('pieces'))::int;

-- Tags: Zipf over tags; draws exceed the target a little because repeats collapse.
INSERT INTO ticket_tags(ticket_id,tag_id)
SELECT tid, tag FROM (
  SELECT DISTINCT 1+floor(pg_temp.n('tickets')*pg_temp.u(i,70))::int AS tid,
         least(pg_temp.n('tags'), floor(exp(pg_temp.u(i,71)*ln(pg_temp.n('tags')+1.0)::float8))::int) AS tag
  FROM generate_series(1,(pg_temp.n('tagged')*1.12)::int) i) d
LIMIT pg_temp.n('tagged');

SELECT setval('users_id_seq',pg_temp.n('users')), setval('tickets_id_seq',pg_temp.n('tickets')), setval('comments_id_seq',pg_temp.n('comments')), setval('tags_id_seq',pg_temp.n('tags'));
CREATE TABLE bench_vocab AS SELECT rank, w FROM vocab;

-- How many documents wait to be indexed, and since when, is on the page of the desk's health and in its metrics.
GRANT SELECT (is_indexed, changed_at) ON ombud.ticket_search TO ombud_app;

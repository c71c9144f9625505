REVOKE SELECT (is_indexed, changed_at) ON ombud.ticket_search FROM ombud_app;

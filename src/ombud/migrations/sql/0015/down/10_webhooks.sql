DROP FUNCTION ombud.logged_between(text, text, bigint, int);
DROP TABLE ombud.webhook_position, ombud.webhook_deliveries, ombud.webhook_endpoints;
DROP FUNCTION ombud.audit_of_webhook_endpoints(), ombud.keep_old_secret();

DROP FUNCTION ombud.count_webhooks();

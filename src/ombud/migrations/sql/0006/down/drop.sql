DROP FUNCTION ombud.unchanged_since(text);

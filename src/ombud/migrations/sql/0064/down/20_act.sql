DROP FUNCTION ombud.act(text[], text[], text[]);

DROP FUNCTION ombud.answer(text, bytea, text[], text[], text[]), ombud.token_stamp(text), ombud.has_files(bigint);

DROP FUNCTION ombud.merge_people_portion(bigint[], bigint, int);
